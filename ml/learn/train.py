"""Train the model a new workspace starts with, and keep it ready in a directory."""

import logging
import time
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from ml.classify.calibration import folds
from ml.classify.classifier import MessageClassifier
from ml.classify.model_file import MODEL_FILE, ModelRefused, load, save
from ml.learn.baseline import TextbookClassifier
from ml.learn.figures import Figures, evaluate
from ml.starter import CHATTER, Examples, load_examples
from ml.text.encoder import installed

Booleans = NDArray[np.bool_]

log = logging.getLogger(__name__)

HELD_OUT_PARTS = 5
TOPICS = 10
"""As many topics, two of them at a time, are left out to learn how sure to be of messages unlike the examples."""


@dataclass(frozen=True, slots=True)
class Report:
    """What training the starter model gave: figures on held-out examples, beside the textbook's, and what was kept."""

    model: MessageClassifier
    default: Figures
    baseline: Figures
    examples: dict[str, int]
    seconds: float

    def table(self) -> list[tuple[str, str, str]]:
        """Return rows to print: figure, ours, the textbook's; the first row is the heading."""
        shown = {
            "accuracy": "accuracy",
            "macro-F1": "macro_f1",
            "calibration error": "ece",
            "answers (share of messages)": "coverage",
            "answers that are right": "precision",
        }
        rows = [("held-out messages", self.model.version_, "textbook")]
        for title, name in shown.items():
            rows.append((title, f"{getattr(self.default, name):.3f}", f"{getattr(self.baseline, name):.3f}"))
        return rows


def starter_model() -> MessageClassifier:
    """Return the unfitted classifier that the starter examples are for."""
    return MessageClassifier(name="starter", filter_label=CHATTER, n_topics=TOPICS, meaning=installed())


def train_starter(directory: Path) -> Report:
    """Measure on a held-out fifth of the starter examples, then train on all and save into `directory`/starter."""
    started = time.perf_counter()
    examples = load_examples()
    held_out = held_out_rows(examples)
    seen, unseen = _part(examples, ~held_out), _part(examples, held_out)
    default, baseline = evaluate(starter_model, seen, unseen), evaluate(TextbookClassifier, seen, unseen)
    model = _fit_and_save(examples, directory)
    counts = {name: examples.labels.count(name) for name in dict.fromkeys(examples.labels)}
    return Report(model, default, baseline, counts, time.perf_counter() - started)


def ensure_starter(directory: Path) -> MessageClassifier:
    """Return the starter model kept in `directory`/starter; train it if it is missing, damaged or of older examples."""
    examples = load_examples()
    try:
        stored = load(directory / "starter")
        alike = stored.model.get_params() == starter_model().get_params()
        if alike and stored.notes.get("examples") == examples.fingerprint:
            return stored.model
        log.info("The starter examples or how they are learned have changed; training the starter model again.")
    except ModelRefused as refusal:
        if (directory / "starter" / MODEL_FILE).exists():
            log.warning("The starter model is trained again: %s", refusal)
        else:
            log.info("The starter model is trained, as at every first start.")
    return _fit_and_save(examples, directory)


def held_out_rows(examples: Examples, part: int = 0) -> Booleans:
    """Tell for each example (n_samples,) whether it is in held-out part 0 to 4: a fifth of each category."""
    classes = np.unique(np.array(examples.labels), return_inverse=True)[1]
    return np.asarray(folds(classes, HELD_OUT_PARTS, seed=0) == part)


def _part(examples: Examples, chosen: Booleans) -> tuple[list[str], list[str]]:
    rows = np.flatnonzero(chosen)
    return [examples.texts[i] for i in rows], [examples.labels[i] for i in rows]


def _fit_and_save(examples: Examples, directory: Path) -> MessageClassifier:
    model = starter_model().fit(examples.texts, examples.labels)
    save(model, directory / "starter", notes={"examples": examples.fingerprint})
    return model
