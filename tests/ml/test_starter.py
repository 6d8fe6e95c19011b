import re
from collections import Counter

import pytest

from ml.starter import CATEGORIES, CHATTER, load_examples

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_every_category_has_its_examples_and_a_title() -> None:
    counts = Counter(load_examples().labels)
    assert list(counts) == [*CATEGORIES, CHATTER]
    assert min(counts.values()) >= 70
    assert all(title[0].isupper() for title in CATEGORIES.values())


def test_no_example_is_there_twice() -> None:
    plain = Counter(re.sub(r"\W+", " ", text.casefold()).strip() or text for text in load_examples().texts)
    assert [text for text, times in plain.items() if times > 1] == []


@pytest.mark.parametrize("category", [*CATEGORIES, CHATTER])
def test_about_a_quarter_of_each_category_is_chinese(category: str) -> None:
    examples = load_examples()
    texts = [text for text, label in zip(examples.texts, examples.labels, strict=True) if label == category]
    assert 0.15 < sum(bool(CHINESE.search(text)) for text in texts) / len(texts) < 0.4


def test_examples_are_terse_and_verbose() -> None:
    lengths = sorted(len(text) for text in load_examples().texts if not CHINESE.search(text))
    assert lengths[len(lengths) // 10] < 25
    assert lengths[-len(lengths) // 20] > 100


def test_examples_name_no_address_that_could_be_somebodys() -> None:
    assert not [text for text in load_examples().texts if re.search(r"https?://|\w@\w+\.\w", text)]


def test_the_fingerprint_is_that_of_the_examples() -> None:
    assert load_examples().fingerprint == load_examples().fingerprint
    assert len(load_examples().fingerprint) == 64
