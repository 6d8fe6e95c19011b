"""Measure how often the gate lets a better, an equal and a worse model through, by simulation."""

import argparse
import json
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import SGDClassifier

from ml.evaluate.public_data import Figure, read_csv, report
from ml.learn.gate import GROWTH, decide
from ml.text.features import TextFeatures

Booleans = NDArray[np.bool_]
Integers = NDArray[np.integer[Any]]

SIZES = (100, 200, 400, 800, 1_600, 3_000)
GAINS = (0.05, 0.03, 0.0, -0.01, -0.03)
DISAGREE, NOISE, RUNS = 0.10, 0.10, 1_000
FIRST_LOOK = 30


@dataclass(frozen=True, slots=True)
class Guesses:
    """Hold the truth of messages and a model's first and second guess of each, all (n_messages,)."""

    truth: Integers
    first: Integers
    second: Integers
    n_classes: int


@dataclass(frozen=True, slots=True)
class Power:
    """Say in which share of the runs a candidate that is truly `gain` better was promoted on `judged` messages.

    `judged` is 0 for a look at each growth of the evidence from 30 to 3,000 messages, promoted at any of them.
    """

    gain: float
    judged: int
    promoted: float


def learn(train: tuple[Sequence[str], Sequence[str]], test: tuple[Sequence[str], Sequence[str]]) -> Guesses:
    """Fit a quick linear model on texts and labels and return its guesses on others, both (n_samples,)."""
    classes = sorted({*train[1], *test[1]})
    code = {name: number for number, name in enumerate(classes)}
    features = TextFeatures()
    rows = features.fit_transform(train[0])
    model = SGDClassifier(random_state=0, max_iter=20, tol=None).fit(rows, [code[name] for name in train[1]])
    order = np.argsort(-model.decision_function(features.transform(test[0])), axis=1)
    return Guesses(
        np.array([code[name] for name in test[1]]),
        model.classes_[order[:, 0]],
        model.classes_[order[:, 1]],
        len(classes),
    )


def candidate_of(model: Guesses, gain: float, random: np.random.Generator) -> Integers:
    """Return guesses that differ from a model's in a tenth of the messages and are right in `gain` more (n_messages,).

    Where the model is wrong some are made right, where it is right some take its second guess.
    """
    n, changed = len(model.truth), model.first.copy()
    wrong, right = np.flatnonzero(model.first != model.truth), np.flatnonzero(model.first == model.truth)
    better, worse = round(n * (DISAGREE + gain) / 2), round(n * (DISAGREE - gain) / 2)
    if better > len(wrong) or worse > len(right):
        raise ValueError("the model is too good, or too bad, to make such a candidate of")
    mended = random.choice(wrong, better, replace=False)
    changed[mended] = model.truth[mended]
    spoilt = random.choice(right, worse, replace=False)
    changed[spoilt] = model.second[spoilt]
    return changed


def power(model: Guesses, runs: int = RUNS, seed: int = 0) -> Iterator[Power]:
    """Yield how often candidates are promoted on messages drawn at random, a tenth of them labelled wrongly."""
    random = np.random.default_rng(seed)
    for gain in GAINS:
        candidate = candidate_of(model, gain, random)
        for judged in SIZES:
            passed = [decide(*_drawn(model, candidate, judged, random)).better for _ in range(runs)]
            yield Power(gain, judged, float(np.mean(passed)))
        passed = [_ever(*_drawn(model, candidate, SIZES[-1], random)) for _ in range(runs)]
        yield Power(gain, 0, float(np.mean(passed)))


def _drawn(model: Guesses, candidate: Integers, judged: int, random: np.random.Generator) -> tuple[Booleans, Booleans]:
    """Return which of `judged` messages, some drawn twice, candidate and model have right by labels with noise."""
    rows = random.integers(len(model.truth), size=judged)
    mistaken = random.random(judged) < NOISE
    labels = np.where(mistaken, random.integers(model.n_classes, size=judged), model.truth[rows])
    return candidate[rows] == labels, model.first[rows] == labels


def _ever(candidate: Booleans, current: Booleans) -> bool:
    looks, size = [], float(FIRST_LOOK)
    while size <= len(candidate):
        looks.append(int(size))
        size *= GROWTH
    return any(decide(candidate[:n], current[:n]).better for n in looks)


def table(found: Sequence[Power]) -> str:
    """Return the promoted of 100, one line a gain, one column a size."""
    lines = [f"{'truly better by':<18}" + "".join(f"{size:>8}" for size in SIZES) + "    ever"]
    for gain in GAINS:
        values = {one.judged: one.promoted for one in found if one.gain == gain}
        row = "".join(f"{100 * values[size]:>8.1f}" for size in (*SIZES, 0))
        lines.append(f"{100 * gain:>+8.0f} points   {row}")
    return "\n".join(lines)


def banking(data: Path) -> Guesses:
    """Return the guesses on Banking77's test part of a model that learned from every fifth training message."""
    texts, labels = read_csv(data / "banking77" / "train.csv", "text", "category")
    test = read_csv(data / "banking77" / "test.csv", "text", "category")
    return learn((texts[::5], labels[::5]), test)


def figures(found: Sequence[Power]) -> list[Figure]:
    """Return the shares of runs with stable names, `at` the number of judged messages or `ever`."""
    return [
        Figure(f"gate_promoted_{100 * one.gain:+.0f}_points", one.promoted, str(one.judged) if one.judged else "ever")
        for one in found
    ]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line: print the table and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m ml.evaluate.gate_power", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with banking77")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--runs", type=int, default=RUNS)
    options = parser.parse_args(arguments)
    if not (options.data / "banking77").is_dir():
        sys.stderr.write(f"There is no folder {options.data / 'banking77'}: it is not part of this repository.\n")
        return 1
    found = list(power(banking(options.data), options.runs))
    sys.stdout.write(table(found) + "\n")
    if options.out:
        options.out.write_text(json.dumps(report(figures(found)), indent=2) + "\n", encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
