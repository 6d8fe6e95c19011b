"""Fit a workspace's model anew from what its people said, and say honestly whether it is better than the one it has.

Run as `python -m ml.learn.fit FOLDER` it is a process of its own, so that a fit keeps nobody waiting.
"""

import json
import os
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ml.classify.calibration import calibration_error, folds
from ml.classify.classifier import MessageClassifier
from ml.classify.model_blob import pack, unpack
from ml.learn.figures import Confusion, confusion
from ml.learn.fits import Fits
from ml.learn.gate import FEWEST, decide, is_surer, is_worse
from ml.learn.head import HeadFits
from ml.learn.items import HELD_OUT, Item, into, is_held_out
from ml.starter import Examples, load_examples
from ml.text.meaning import encoder, unpacked

Booleans = NDArray[np.bool_]
Floats = NDArray[np.floating[Any]]
Strings = NDArray[np.str_]

PARTS = 3
"""In as many parts few labels are cross-validated; each costs a fit."""
ENOUGH_HELD_OUT = 1_600
"""As many held-out labels decide on three points in nine of ten; with fewer, labels are cross-validated beside them."""
ENOUGH_OF_A_KIND = 3
NICENESS = 10
WORSE_THAN_BY_DAY = "worse than by day"
BOTH, HEAD = "both", "head"
"""What a fit learns anew: both halves of a model, or only the head on vectors."""

JOB, CURRENT, DAY, VECTORS, EXAMPLES = "job.json", "current.zip", "day.zip", "vectors", "examples"
CANDIDATE, OUTCOME = "candidate.zip", "outcome.json"


@dataclass(frozen=True, slots=True)
class Worth:
    """Say what a model was worth on messages it had not seen; shares between 0 and 1.

    `surer` is by how much it was surer than right, over the bins where it was (the rest of `ece` is modesty).
    `confusion` counts (truth, guess).
    """

    right: float
    ece: float
    surer: float
    coverage: float
    precision: float
    confusion: Confusion = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class FitOutcome:
    """Hold a candidate's version and what it and the current model were worth on the same `judged` messages.

    `method` is `held-out`, or `cross-validation` where the candidate's figures are, at least in part, those of models
    fitted without the judged part, and somewhat too low. `better` says that it may go live, `reason` why not. The rest
    is as in `ml.learn.gate.Decision`, but `missing` counts labels, of which one in five is held out; `accepted` is how
    many of the judged nobody said anything of, `half` what was fitted anew.
    """

    version: str
    current_version: str
    method: str
    judged: int
    labels: int
    candidate: Worth
    current: Worth
    better: bool
    reason: str
    gained: int
    lost: int
    gain: float
    low: float
    high: float
    p: float
    missing: int | None
    accepted: int
    half: str = BOTH


def evidence(items: Sequence[Item]) -> int:
    """Return how many messages a candidate fitted on these items would be judged on."""
    return len(_judged(items, _learned(items)))


def refit(
    items: Sequence[Item],
    merged: dict[str, str],
    current: MessageClassifier,
    examples: Examples | None = None,
    *,
    half: str = BOTH,
    day: MessageClassifier | None = None,
) -> tuple[MessageClassifier, FitOutcome]:
    """Fit a candidate on the starter's examples and all items that are not held out, and judge it beside `current`.

    Categories that were merged count as what they were merged into. With `half` HEAD only what reads meaning is fitted
    anew. `day` is what answers meanwhile where that is not `current`: the candidate must not be worse than it on what
    neither has seen. Raises ValueError where there are fewer than seven wordings that the current model has not seen,
    or where that half cannot be fitted alone (see `ml.learn.head`).
    """
    said = [replace(item, category=into(merged, item.category)) for item in items]
    words, examples = [item for item in said if not item.accepted], examples or load_examples()
    fits = HeadFits(current, examples, merged, words) if half == HEAD else Fits(examples, merged, words)
    seen = _learned(said)
    learned = {item.key for item in seen}
    judged = _judged(said, seen)
    if len(judged) < FEWEST:
        raise ValueError(f"only {len(judged)} labels are new: too few to judge a model by")
    candidate = fits.fit(seen)
    apart = [item for item in judged if item.key in learned]
    guessed = _judge(candidate, judged, {})
    if apart:
        guessed.put([item.key in learned for item in judged], _cross_validated(fits, seen, apart))
    live = _judge(current, judged, merged)
    truth = np.array([item.category for item in judged])
    right, right_now = guessed.guess == truth, live.guess == truth
    decision = decide(right, right_now)
    missing = None if decision.missing is None else decision.missing * (1 if apart else HELD_OUT)
    surer = is_surer(guessed.confidence - right, live.confidence - right_now)
    reason = "not surely better" if not decision.better else "surer than right" if surer else ""
    if not reason and day is not None and _is_worse_than(day, judged, right, merged):
        reason = WORSE_THAN_BY_DAY
    return candidate, FitOutcome(
        version=candidate.version_,
        current_version=current.version_,
        method="cross-validation" if apart else "held-out",
        labels=sum(not item.accepted for item in said),
        candidate=_worth(truth, guessed),
        current=_worth(truth, live),
        reason=reason,
        accepted=sum(item.accepted for item in judged),
        half=half,
        **(asdict(decision) | {"better": not reason, "missing": missing}),
    )


def _is_worse_than(day: MessageClassifier, judged: Sequence[Item], right: Booleans, merged: dict[str, str]) -> bool:
    rows = [i for i, item in enumerate(judged) if item.unseen_by_day]
    fresh = [judged[i] for i in rows]
    right_by_day = _judge(day, fresh, merged).guess == np.array([item.category for item in fresh])
    return bool(rows) and is_worse(right[rows], right_by_day)


def _learned(said: Sequence[Item]) -> list[Item]:
    return [item for item in said if not item.accepted and not is_held_out(item.key)]


def _judged(said: Sequence[Item], seen: Sequence[Item]) -> list[Item]:
    """Return what no model is fitted on where that is enough, and else all that the current model has not seen."""
    held_out = _held_out(said, seen)
    if len(held_out) >= ENOUGH_HELD_OUT and _of_every_new_kind(said, held_out):
        return held_out
    return _once([item for item in said if item.unseen], {item.key for item in seen})


def _held_out(said: Sequence[Item], seen: Sequence[Item]) -> list[Item]:
    """Return the held-out items that no model learned in the same words from another message."""
    known = {_words(item.text) for item in seen}
    return _once([item for item in said if is_held_out(item.key) and _words(item.text) not in known], set())


def _once(items: Sequence[Item], learned: set[int]) -> list[Item]:
    """Return each wording once: what was said of it last, of one that was learned the item that was.

    The memory answers repeats, and ten of the same words are no ten pieces of evidence. What people said goes before
    what they let stand.
    """
    ranked = sorted(items, key=lambda item: (item.key in learned, not item.accepted))
    last = {_words(item.text): item for item in ranked}
    return [item for item in items if last[_words(item.text)] is item]


def _words(text: str) -> str:
    return " ".join(text.casefold().split())


def _of_every_new_kind(said: Sequence[Item], held_out: Sequence[Item]) -> bool:
    """Tell whether the held-out part can judge every category for which there are new examples."""
    new = {item.category for item in said if item.key < 0 and item.unseen}
    counts = {kind: sum(item.category == kind for item in held_out) for kind in new}
    return all(count >= ENOUGH_OF_A_KIND for count in counts.values())


@dataclass(frozen=True, slots=True)
class _Guessed:
    guess: Strings
    confidence: Floats
    answered: Booleans

    def put(self, rows: Sequence[bool], others: "_Guessed") -> None:
        """Take the place of some rows (n_judged,) by other guesses."""
        where = np.flatnonzero(rows)
        self.guess[where], self.confidence[where], self.answered[where] = (
            others.guess,
            others.confidence,
            others.answered,
        )


def _judge(model: MessageClassifier, items: Sequence[Item], merged: dict[str, str]) -> _Guessed:
    probabilities, answered = model.judge([item.text for item in items])
    kinds = [into(merged, str(name)) for name in model.classes_]
    columns = sorted(set(kinds))
    probability = np.zeros((len(items), len(columns)))
    for values, kind in zip(probabilities.T, kinds, strict=True):
        probability[:, columns.index(kind)] += values
    best = probability.argmax(axis=1)
    return _Guessed(np.array(columns, dtype=object)[best], probability.max(axis=1), answered)


def _cross_validated(fits: Fits | HeadFits, seen: Sequence[Item], judged: Sequence[Item]) -> _Guessed:
    """Judge each item, no two in the same words, by a model that was fitted without it and without its words."""
    part = folds(np.unique([item.category for item in judged], return_inverse=True)[1], PARTS, seed=0)
    # An only one of its kind cannot be learned.
    part = np.where(part < 0, 0, part)
    guess = np.empty(len(judged), dtype=object)
    confidence, answered = np.zeros(len(judged)), np.zeros(len(judged), dtype=bool)
    for number in np.unique(part):
        rows = [int(i) for i in np.flatnonzero(part == number)]
        apart = {_words(judged[i].text) for i in rows}
        model = fits.fit([item for item in seen if _words(item.text) not in apart], n_folds=2)
        found = _judge(model, [judged[i] for i in rows], {})
        guess[rows], confidence[rows], answered[rows] = found.guess, found.confidence, found.answered
    return _Guessed(guess, confidence, answered)


def _worth(truth: Strings, found: _Guessed) -> Worth:
    right = found.guess == truth
    return Worth(
        right=float(right.mean()),
        ece=calibration_error(found.confidence, right),
        surer=_surer(found.confidence, right),
        coverage=float(found.answered.mean()),
        precision=float(right[found.answered].mean()) if found.answered.any() else 0.0,
        confusion=confusion(truth, found.guess.astype(str)),
    )


def _surer(confidence: Floats, right: Booleans, bins: int = 15) -> float:
    """Return the part of the expected calibration error that comes from being surer than right."""
    bin_of = np.minimum((confidence * bins).astype(int), bins - 1)
    gaps = np.bincount(bin_of, weights=confidence - right, minlength=bins)
    return float(np.maximum(gaps, 0).sum() / len(confidence))


def write_job(
    folder: Path,
    items: Sequence[Item],
    merged: dict[str, str],
    current: bytes,
    vectors: Mapping[int, bytes],
    *,
    half: str = BOTH,
    examples: Sequence[bytes] = (),
    day: bytes | None = None,
) -> None:
    """Write what `python -m ml.learn.fit` reads.

    `current` is a packed model, `vectors` what is kept of items' meaning by their keys (see `ml.text.meaning.packed`),
    `examples` the same of the starter's examples, each in its place, or nothing; `day` is as in `refit`.
    """
    known = [item.key for item in items if item.key in vectors]
    job = {"items": [asdict(item) for item in items], "merged": merged, "known": known, "half": half}
    (folder / VECTORS).write_bytes(b"".join(vectors[key] for key in known))
    (folder / EXAMPLES).write_bytes(b"".join(examples))
    (folder / JOB).write_text(json.dumps(job), encoding="utf-8")
    (folder / CURRENT).write_bytes(current)
    if day is not None:
        (folder / DAY).write_bytes(day)


def read_outcome(folder: Path) -> tuple[bytes, dict[str, Any]]:
    """Return the packed candidate and the outcome's fields, as `python -m ml.learn.fit` wrote them."""
    outcome: dict[str, Any] = json.loads((folder / OUTCOME).read_text("utf-8"))
    return (folder / CANDIDATE).read_bytes(), outcome


def main(arguments: Sequence[str]) -> int:
    """Fit in this process, politely; a job that cannot be done is a sentence on stderr and exit code 1."""
    with suppress(OSError):
        os.nice(NICENESS)
    folder = Path(arguments[0])
    job = json.loads((folder / JOB).read_text("utf-8"))
    try:
        current = unpack((folder / CURRENT).read_bytes()).model
        day = unpack((folder / DAY).read_bytes()).model if (folder / DAY).exists() else None
        items = [Item(**item) for item in job["items"]]
        texts = {item.key: item.text for item in items}
        encoder().remember([texts[key] for key in job["known"]], unpacked([(folder / VECTORS).read_bytes()]))
        examples, kept = load_examples(), unpacked([(folder / EXAMPLES).read_bytes()])
        if len(kept):
            encoder().remember(examples.texts, kept)
        candidate, outcome = refit(items, job["merged"], current, examples, half=job["half"], day=day)
    except ValueError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    (folder / CANDIDATE).write_bytes(pack(candidate, {"labels": outcome.labels}))
    (folder / OUTCOME).write_text(json.dumps(asdict(outcome)), encoding="utf-8")
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
