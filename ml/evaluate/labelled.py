"""Measure how well any labelled file of messages can be learned, beside the textbook classifier."""

import csv
import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import numpy as np

from ml.classify.calibration import folds
from ml.classify.classifier import MessageClassifier
from ml.learn.baseline import TextbookClassifier
from ml.learn.figures import Classifier, Confusion, Figures, Labelled, evaluate

COLUMNS = ("text", "label")
PARTS = 5
SEEDS = range(3)
MOST_BYTES = 256 * 2**20
FEWEST = 2
MOST_CONFUSED = 10
SHOWN = {
    "right": "accuracy",
    "macro-F1": "macro_f1",
    "calibration error": "ece",
    "answers (share of messages)": "coverage",
    "answers that are right": "precision",
}


class NotLabelled(ValueError):
    """The file cannot be measured, for the reason in the message."""


def read_labelled(path: Path) -> Labelled:
    """Return texts and labels of a CSV file with the columns `text` and `label`; raise NotLabelled saying why not.

    Rows without text or label are left out. A category needs two examples, one to learn from and one to be judged by.
    """
    rows = csv.DictReader(StringIO(_decoded(path), newline=""))
    try:
        named = {(name or "").strip().casefold(): name for name in rows.fieldnames or ()}
        if not set(COLUMNS) <= named.keys():
            found = ", ".join(name for name in rows.fieldnames or () if name) or "nothing"
            raise NotLabelled(f"{path.name} needs a first line with the columns text and label; it has {found[:200]}.")
        pairs = [((row[named["text"]] or "").strip(), (row[named["label"]] or "").strip()) for row in rows]
    except csv.Error as error:
        raise NotLabelled(f"{path.name} is no CSV file: {error}.") from error
    kept = [(text, label) for text, label in pairs if text and label]
    counts = Counter(label for _, label in kept)
    if len(counts) < 2:
        raise NotLabelled(f"{path.name} has {len(counts)} label(s) in {len(kept)} rows; it takes two to tell apart.")
    tiny = sorted(label for label, count in counts.items() if count < FEWEST)
    if tiny:
        some = ", ".join(tiny[:5]) + (", …" if len(tiny) > 5 else "")
        raise NotLabelled(f"{len(tiny)} label(s) have only one example and cannot be judged: {some}.")
    return [text for text, _ in kept], [label for _, label in kept]


def _decoded(path: Path) -> str:
    try:
        with path.open("rb") as file:
            content = file.read(MOST_BYTES + 1)
    except OSError as error:
        raise NotLabelled(f"{path} cannot be read: {error.strerror}.") from error
    if len(content) > MOST_BYTES:
        raise NotLabelled(f"{path.name} is larger than {MOST_BYTES // 2**20} MB.")
    encoding = "utf-16" if content[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        text = content.decode(encoding)
    except UnicodeDecodeError as error:
        raise NotLabelled(f"{path.name} is not UTF-8 (byte {error.start}); save it as CSV UTF-8.") from error
    if "\0" in text:
        raise NotLabelled(f"{path.name} is no text file.")
    return text


def measure_file(path: Path, *, few_shot: int | None = None) -> dict[str, Figures]:
    """Fit on four fifths of a file, or on `few_shot` examples of each label of them, and measure on the last fifth.

    Returns figures by model, `default` and `baseline`; with `few_shot` the mean of three draws, and what was taken for
    what in all three.
    """
    texts, labels = read_labelled(path)
    judged = folds(np.unique(labels, return_inverse=True)[1], PARTS, seed=0) == 0
    train, test = _part((texts, labels), ~judged), _part((texts, labels), judged)
    makers: dict[str, Callable[[], Classifier]] = {
        "default": lambda: MessageClassifier(filter_label=None),
        "baseline": TextbookClassifier,
    }
    if few_shot is None:
        return {at: evaluate(make, train, test) for at, make in makers.items()}
    draws = [_draw(train, few_shot, seed) for seed in SEEDS]
    return {at: _mean([evaluate(make, draw, test) for draw in draws]) for at, make in makers.items()}


def _part(examples: Labelled, chosen: np.ndarray) -> Labelled:
    rows: list[int] = np.flatnonzero(chosen).tolist()
    return [examples[0][i] for i in rows], [examples[1][i] for i in rows]


def _draw(examples: Labelled, n: int, seed: int) -> Labelled:
    random, names = np.random.default_rng(seed), np.asarray(examples[1])
    drawn = np.concatenate(
        [random.permutation(np.flatnonzero(names == name))[:n] for name in np.unique(names)]
    ).tolist()
    return [examples[0][i] for i in drawn], [examples[1][i] for i in drawn]


def _mean(found: list[Figures]) -> Figures:
    names = set(asdict(found[0])) - {"examples", "confusion"}
    values: dict[str, Any] = {name: float(np.mean([getattr(one, name) for one in found])) for name in names}
    counts: Counter[tuple[str, str]] = Counter()
    for one in found:
        counts.update({(truth, guess): count for truth, guess, count in one.confusion})
    pairs = [(truth, guess, count) for (truth, guess), count in sorted(counts.items())]
    return Figures(**values, examples=found[0].examples, confusion=pairs)


def _confused(figures: Figures) -> Confusion:
    """Return what was taken for something else most often, the most frequent first."""
    wrong = [(truth, guess, count) for truth, guess, count in figures.confusion if truth != guess]
    return sorted(wrong, key=lambda pair: (-pair[2], pair))[:MOST_CONFUSED]


def table(found: dict[str, Figures]) -> list[tuple[str, str, str]]:
    """Return rows to print: figure, ours, the textbook's; the first is the heading, the last what ours confused."""
    ours, theirs = found["default"], found["baseline"]
    rows = [(f"{ours.examples} held-out messages", "Rapport", "textbook")]
    rows += [(shown, f"{getattr(ours, name):.3f}", f"{getattr(theirs, name):.3f}") for shown, name in SHOWN.items()]
    as_often = {(truth, guess): count for truth, guess, count in theirs.confusion}
    return rows + [
        (f"{truth} taken for {guess}", str(count), str(as_often.get((truth, guess), 0)))
        for truth, guess, count in _confused(ours)
    ]


def as_json(found: dict[str, Figures]) -> str:
    """Return the figures as a list of `name`, `value`, `unit` and `at`; `confused` has `truth` and `guess` besides."""
    rows: list[dict[str, Any]] = [
        {"name": name, "value": round(getattr(figures, name), 4), "unit": "share", "at": at}
        for at, figures in found.items()
        for name in SHOWN.values()
    ]
    rows += [
        {"name": "confused", "truth": truth, "guess": guess, "value": count, "unit": "messages", "at": at}
        for at, figures in found.items()
        for truth, guess, count in _confused(figures)
    ]
    return json.dumps(rows, indent=2)
