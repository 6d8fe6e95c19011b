"""Measure the classifier on public data: `python -m ml.evaluate.public_data --data DIR --out FILE`."""

import argparse
import csv
import json
import os
import platform
import re
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import sklearn

from ml.classify.calibration import calibration_error
from ml.classify.classifier import MessageClassifier
from ml.evaluate.banking_mapping import INTENTS as BANKING
from ml.evaluate.bitext_mapping import INTENTS
from ml.evaluate.corrections import after_corrections
from ml.learn.baseline import TextbookClassifier
from ml.learn.figures import Classifier, Figures, Labelled, evaluate, measure, stranger_auroc
from ml.learn.train import starter_model
from ml.starter import load_examples

__all__ = ["Figures", "evaluate", "parts"]

FIRST_EXAMPLES = {
    "billing": 276,
    "refund": 259,
    "account": 268,
    "order": 267,
    "bug": 279,
    "feature": 263,
    "howto": 267,
    "sales": 262,
    "complaint": 275,
    "security": 269,
    "human": 254,
}
"""As many examples of each category were there first; what was added since is left out, so that runs compare."""
FEW = 10
FEW_SHOT_SEEDS = range(3)
FEW_TO_CORRECT, CORRECTIONS = 5, 800
# While corrections come in only the guesses matter, not the thresholds: two folds do, and the fits take half the time.
CORRECTED: dict[str, Callable[[], Classifier]] = {
    "baseline": lambda: TextbookClassifier(n_folds=2),
    "tfidf": lambda: MessageClassifier(n_folds=2, filter_label=None),
    "default": lambda: MessageClassifier(n_folds=2, filter_label=None, meaning=True),
}
STARTERS: dict[str, Callable[[], MessageClassifier]] = {
    "tfidf": lambda: starter_model().set_params(meaning=False),
    "default": starter_model,
}
_CHINESE = re.compile("[\u4e00-\u9fff]")
MODELS: dict[str, Callable[[float], Classifier]] = {
    "baseline": lambda precision: TextbookClassifier(precision=precision),
    "tfidf": lambda precision: MessageClassifier(precision=precision, filter_label=None),
    "default": lambda precision: MessageClassifier(precision=precision, filter_label=None, meaning=True),
}


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured number with its stable name; `at` is which model."""

    name: str
    value: float
    at: str
    unit: str = "share"


def parts(data: Path) -> dict[str, Callable[[], Iterator[Figure]]]:
    """Return what measures everything there is under `data` (one folder a set), by name: the slowest last."""
    bank, assistant, shop = data / "banking77", data / "clinc150", data / "bitext"
    found: dict[str, Callable[[], Iterator[Figure]]] = {}
    for at, starter in STARTERS.items():
        found[f"starter elsewhere, {at}"] = partial(_of_starter, elsewhere, data, at, starter)
        found[f"starter in Chinese, {at}"] = partial(_of_starter, _chinese, data, at, starter)
        found[f"starter on Bitext, {at}"] = partial(_of_starter, _bitext, shop, at, starter)
    found["starter on Bitext, baseline"] = partial(_of_starter, _bitext, shop, "baseline", TextbookClassifier)
    for at, factory in MODELS.items():
        found[f"Banking77 with few labels, {at}"] = partial(_few_of_banking77, bank, at, factory)
        found[f"Banking77, {at}"] = partial(_banking77, bank, at, factory)
        found[f"CLINC150, {at}"] = partial(_clinc150, assistant, at, factory)
    for at in MODELS:
        found[f"Banking77 with corrections, {at}"] = partial(_corrected, bank, at)
    return found


def _of_starter(
    measured: Callable[[Path, str, Any], Iterator[Figure]], data: Path, at: str, starter: Callable[[], Classifier]
) -> Iterator[Figure]:
    yield from measured(data, at, starter())


def _banking77(folder: Path, at: str, factory: Callable[[float], Classifier]) -> Iterator[Figure]:
    train, test = _bank(folder)
    # With 0.95 as the precision to reach; accuracy and calibration do not depend on it.
    found = evaluate(lambda: factory(0.95), train, test)
    yield Figure("banking77_acc", found.accuracy, at)
    yield Figure("banking77_ece", found.ece, at)
    yield Figure("banking77_coverage_at_95", found.coverage, at)
    yield Figure("banking77_precision_at_95", found.precision, at)


def _few_of_banking77(folder: Path, at: str, factory: Callable[[float], Classifier]) -> Iterator[Figure]:
    train, test = _bank(folder)
    few = [evaluate(lambda: factory(0.95), few_of_each(train, FEW, seed), test) for seed in FEW_SHOT_SEEDS]
    yield Figure("banking77_10shot_acc", float(np.mean([one.accuracy for one in few])), at)
    yield Figure("banking77_10shot_ece", float(np.mean([one.ece for one in few])), at)


def _corrected(folder: Path, at: str) -> Iterator[Figure]:
    train, test = _bank(folder)
    begin = few_of_each(train, FEW_TO_CORRECT, seed=0)
    corrected = after_corrections(CORRECTED[at], begin, shuffled(train, begin), test, CORRECTIONS)
    yield Figure("banking77_after_800_corrections", corrected.accuracy, at)


def _bank(folder: Path) -> tuple[Labelled, Labelled]:
    return read_csv(folder / "train.csv", "text", "category"), read_csv(folder / "test.csv", "text", "category")


def _clinc150(folder: Path, at: str, factory: Callable[[float], Classifier]) -> Iterator[Figure]:
    model, test = factory(0.9), read_csv(folder / "test.csv", "text", "label")
    model.fit(*read_csv(folder / "train.csv", "text", "label"))
    yield Figure("clinc150_acc", measure(model, test).accuracy, at)
    strangers = read_csv(folder / "oos_test.csv", "text", "label")[0]
    yield Figure("clinc150_oos_auroc", stranger_auroc(model, test[0], strangers), at)


def _bitext(folder: Path, at: str, model: Classifier) -> Iterator[Figure]:
    """Measure a model trained on the starter examples alone on all of Bitext, none of which it has seen."""
    parts = [read_csv(folder / f"{part}.csv", "utterance", "intent") for part in ("train", "dev", "test")]
    rows = [(text, INTENTS[intent]) for part in parts for text, intent in zip(*part, strict=True) if intent in INTENTS]
    examples = load_examples()
    model.fit(examples.texts, examples.labels)
    found = measure(model, ([text for text, _ in rows], [label for _, label in rows]))
    yield Figure("starter_bitext_macro_f1", found.answered_macro_f1, at)
    yield Figure("starter_bitext_macro_f1_of_all", found.macro_f1, at)
    yield Figure("starter_bitext_coverage", found.coverage, at)
    yield Figure("starter_bitext_precision", found.precision, at)
    yield Figure("starter_bitext_ece", found.ece, at)


def _chinese(_: Path, at: str, model: Classifier) -> Iterator[Figure]:
    yield Figure("english_to_chinese_starter", english_to_chinese(model), at)


def english_to_chinese(model: Classifier) -> float:
    """Return the share of the first Chinese examples that a model gets right which learned from the others only."""
    examples = load_examples()
    label_of: dict[str, str] = {}
    for label, most in FIRST_EXAMPLES.items():
        texts = [text for text, own in zip(examples.texts, examples.labels, strict=True) if own == label]
        label_of |= dict.fromkeys(texts[:most], label)
    rows = list(label_of.items())
    chinese, english = (
        [row for row in rows if bool(_CHINESE.search(row[0])) is is_chinese] for is_chinese in (True, False)
    )
    model.fit([text for text, _ in english], [label for _, label in english])
    guesses = model.classes_[model.predict_proba([text for text, _ in chinese]).argmax(axis=1)]
    return float(np.mean(guesses == np.array([label for _, label in chinese])))


def elsewhere(data: Path, at: str, model: MessageClassifier) -> Iterator[Figure]:
    """Measure whether the starter model keeps its word to a bank's customers, and answers whom it cannot help.

    `kept` is the share right of what it answers, `promised` the confidence it gave on average.
    """
    examples = load_examples()
    model.fit(examples.texts, examples.labels)
    rows = zip(*read_csv(data / "banking77" / "train.csv", "text", "category"), strict=True)
    known = [(text, BANKING[intent]) for text, intent in rows if intent in BANKING]
    if known:
        truth, verdicts = (
            np.array([label for _, label in known]),
            [model.classify(text, reasons=False) for text, _ in known],
        )
        answered = np.array([not one.abstained and not one.chatter for one in verdicts])
        right = np.array([one.category for one in verdicts]) == truth
        sure = np.array([one.confidence for one in verdicts])
        yield Figure("starter_banking77_acc", float(right.mean()), at)
        yield Figure("starter_banking77_coverage", float(answered.mean()), at)
        yield Figure("starter_banking77_kept", float(right[answered].mean()) if answered.any() else 0.0, at)
        yield Figure("starter_banking77_promised", float(sure[answered].mean()) if answered.any() else 0.0, at)
        yield Figure("starter_banking77_ece", calibration_error(sure, right), at)
    strangers = [
        model.classify(text, reasons=False) for text in read_csv(data / "clinc150" / "oos_test.csv", "text", "label")[0]
    ]
    share = float(np.mean([not one.abstained for one in strangers]))
    yield Figure("starter_answers_strangers", share, at)


def read_csv(path: Path, text: str, label: str) -> tuple[list[str], list[str]]:
    """Return the texts and labels (n_samples,) of a CSV file's two named columns."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [(row[text], row[label]) for row in csv.DictReader(file)]
    return [text for text, _ in rows], [label for _, label in rows]


def few_of_each(examples: Labelled, n: int, seed: int) -> Labelled:
    """Draw `n` examples of each label."""
    texts, labels = examples
    random, names = np.random.default_rng(seed), np.asarray(labels)
    drawn = np.concatenate([random.permutation(np.flatnonzero(names == name))[:n] for name in np.unique(names)])
    return [texts[i] for i in drawn], [labels[i] for i in drawn]


def shuffled(examples: Labelled, without: Labelled) -> Labelled:
    """Return the examples in an order of their own, without those whose texts are in `without`."""
    left_out = set(without[0])
    rows = [(text, label) for text, label in zip(*examples, strict=True) if text not in left_out]
    order = np.random.default_rng(0).permutation(len(rows))
    return [rows[i][0] for i in order], [rows[i][1] for i in order]


def report(figures: Sequence[Figure]) -> list[dict[str, object]]:
    """Return what is kept of a run: first the commit and the machine, then each figure."""
    commit = subprocess.run(["git", "rev-parse", "HEAD"], capture_output=True, text=True, check=False)  # noqa: S607  git wherever it is
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, scikit-learn {sklearn.__version__}"
    run_of: dict[str, object] = {"name": "run", "commit": commit.stdout.strip() or None, "machine": machine}
    rows: list[dict[str, object]] = [
        {"name": f.name, "value": round(f.value, 4), "unit": f.unit, "at": f.at} for f in figures
    ]
    return [run_of, *rows]


def table(figures: Sequence[Figure]) -> str:
    """Return the figures as a table, one line a name with each model's value."""
    values = {(figure.name, figure.at): f"{figure.value:.3f}" for figure in figures}
    names = dict.fromkeys(figure.name for figure in figures)
    lines = [f"{'figure':<34}" + "".join(f"{at:>10}" for at in MODELS)]
    lines += [f"{name:<34}" + "".join(f"{values.get((name, at), '-'):>10}" for at in MODELS) for name in names]
    return "\n".join(lines)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run from the command line: print the table and write the figures."""
    parser = argparse.ArgumentParser(prog="python -m ml.evaluate.public_data", description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder with banking77, clinc150 and bitext")
    parser.add_argument("--out", type=Path, help="JSON file to write")
    parser.add_argument("--resume", action="store_true", help="measure only what the file lacks")
    options = parser.parse_args(arguments)
    if not options.data.is_dir():
        sys.stderr.write(f"There is no folder {options.data}: the public data sets are not part of this repository.\n")
        return 1
    (head,), done, figures = report([]), list[str](), list[Figure]()
    if options.resume and options.out and options.out.exists():
        begun, *rows = json.loads(options.out.read_text(encoding="utf-8"))
        if begun["commit"] != head["commit"] or "parts" not in begun:
            sys.stderr.write(f"{options.out} was begun at another commit: measure all anew, without --resume.\n")
            return 1
        done, figures = begun["parts"], [Figure(**row) for row in rows]
    for name, measured in parts(options.data).items():
        if name in done:
            continue
        figures += measured()
        done.append(name)
        if options.out:
            rows = [head | {"parts": done}, *report(figures)[1:]]
            options.out.write_text(json.dumps(rows, indent=2) + "\n", encoding="utf-8")
    sys.stdout.write(table(figures) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
