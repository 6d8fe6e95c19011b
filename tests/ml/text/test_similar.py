"""Show which messages count as saying the same."""

from __future__ import annotations

import numpy as np
import pytest

from ml.starter import load_examples
from ml.text.features import TextFeatures
from ml.text.similar import LIKE, LIKE_WHAT_HAPPENS, similarities, tells, vector

OUTAGE = "Our dashboard is not loading, getting a 502 Bad Gateway"


@pytest.fixture(scope="module")
def features() -> TextFeatures:
    return TextFeatures().fit(load_examples().texts)


def like(features: TextFeatures, one: str, *others: str) -> list[float]:
    found = similarities(features, vector(features, one), [vector(features, other) for other in others])
    return [float(value) for value in found]


def test_what_says_the_same_in_other_words_is_alike(features: TextFeatures) -> None:
    same = like(
        features, OUTAGE, "dashboard won't load for us: 502 bad gateway", "Dashboard shows 502 bad gateway again"
    )
    assert min(same) >= LIKE > LIKE_WHAT_HAPPENS
    (chinese,) = like(features, "登录页面报错500，无法登录", "无法登录，登录页面显示错误500")
    assert chinese >= LIKE
    assert (
        max(like(features, OUTAGE, "Where is my invoice for March?", "登录页面报错500，无法登录")) < LIKE_WHAT_HAPPENS
    )


def test_names_the_model_never_saw_tell_messages_apart(features: TextFeatures) -> None:
    one, other = "Zephyrix sync is failing", "Quandolor sync is failing"
    assert not {"zephyrix", "quandolor"} & set(features.words_)
    rows = features.transform([one, other]).toarray()
    unnamed = float(rows[0] @ rows[1]) / float(np.linalg.norm(rows[0]) * np.linalg.norm(rows[1]))
    assert unnamed > 0.8
    (apart,) = like(features, one, other)
    assert apart < unnamed - 0.2


def test_a_message_is_wholly_like_itself_and_nothing_is_like_nothing(features: TextFeatures) -> None:
    assert like(features, OUTAGE, OUTAGE) == pytest.approx([1.0], abs=0.01)
    assert like(features, "", OUTAGE, "") == [0.0, 0.0]
    assert like(features, OUTAGE) == []
    columns, values = vector(features, OUTAGE)
    assert len(columns) == len(values) > 0
    assert np.sqrt(values @ values) == pytest.approx(1.0, abs=1e-4)


@pytest.mark.parametrize("text", ["", "👍", "thank you", "please call me back", "I need help please", "```x = 1```"])
def test_some_messages_say_too_little_to_be_compared(features: TextFeatures, text: str) -> None:
    assert not tells(features, text)


@pytest.mark.parametrize("text", ["site is down", "login not working", "无法登录", OUTAGE])
def test_a_few_words_may_be_enough(features: TextFeatures, text: str) -> None:
    assert tells(features, text)
