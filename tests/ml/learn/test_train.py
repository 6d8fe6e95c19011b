from pathlib import Path

import numpy as np
import pytest

from ml.classify.classifier import MessageClassifier
from ml.classify.model_file import MODEL_FILE, load, save
from ml.learn import train
from ml.learn.train import Report, ensure_starter, held_out_rows, train_starter
from ml.starter import CATEGORIES, CHATTER, Examples, load_examples

FEW = Examples(
    ["pay the bill", "wrong invoice", "the site is down", "app error", "thanks", "hello"],
    ["billing", "billing", "bug", "bug", "chatter", "chatter"],
    "few",
)


@pytest.fixture
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """Train on six examples, where what is trained on does not matter."""
    monkeypatch.setattr(train, "load_examples", lambda: FEW)


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> tuple[Report, Path]:
    directory = tmp_path_factory.mktemp("models")
    return train_starter(directory), directory


def test_the_starter_model_beats_the_textbook_on_examples_neither_has_seen(report: tuple[Report, Path]) -> None:
    found, _ = report
    assert found.default.accuracy > found.baseline.accuracy + 0.1
    assert found.default.macro_f1 > 0.7
    # With meaning it is more often right about what is like its examples than it says, and does not promise too much.
    assert found.default.ece < 0.3
    assert found.default.precision > 0.85
    assert found.default.coverage > found.baseline.coverage


def test_the_report_is_rows_to_print(report: tuple[Report, Path]) -> None:
    heading, *rows = report[0].table()
    assert heading == ("held-out messages", report[0].model.version_, "textbook")
    assert [row[0] for row in rows][:2] == ["accuracy", "macro-F1"]
    assert all(0 <= float(value) <= 1 for row in rows for value in row[1:])
    assert list(report[0].examples) == [*CATEGORIES, CHATTER]


def test_the_trained_model_is_kept_and_found_again(report: tuple[Report, Path]) -> None:
    found, directory = report
    assert load(directory / "starter").model.version_ == found.model.version_
    assert ensure_starter(directory).version_ == found.model.version_


@pytest.mark.usefixtures("few")
def test_the_first_start_trains_and_the_second_loads(tmp_path: Path) -> None:
    first = ensure_starter(tmp_path)
    written = (tmp_path / "starter" / MODEL_FILE).stat().st_mtime_ns
    second = ensure_starter(tmp_path)
    assert second.version_ == first.version_
    assert (tmp_path / "starter" / MODEL_FILE).stat().st_mtime_ns == written


@pytest.mark.usefixtures("few")
def test_a_damaged_model_is_trained_again(tmp_path: Path) -> None:
    first = ensure_starter(tmp_path)
    path = tmp_path / "starter" / MODEL_FILE
    path.write_bytes(path.read_bytes()[:100])
    assert ensure_starter(tmp_path).version_ == first.version_
    assert load(tmp_path / "starter").model.version_ == first.version_


@pytest.mark.usefixtures("few")
def test_a_model_of_other_examples_is_trained_again(tmp_path: Path) -> None:
    older = MessageClassifier(name="starter").fit(["a bill", "an error"], ["billing", "bug"])
    save(older, tmp_path / "starter", notes={"examples": "older"})
    assert ensure_starter(tmp_path).classes_.tolist() == ["billing", "bug", "chatter"]


def test_the_held_out_part_is_a_fifth_of_each_category() -> None:
    examples = load_examples()
    held_out = held_out_rows(examples)
    for category in (*CATEGORIES, CHATTER):
        mine = [bool(out) for out, label in zip(held_out, examples.labels, strict=True) if label == category]
        assert sum(mine) / len(mine) == pytest.approx(0.2, abs=0.01)
    parts = [held_out_rows(examples, part) for part in range(5)]
    assert np.sum(parts, axis=0).tolist() == [1] * len(examples.texts)
