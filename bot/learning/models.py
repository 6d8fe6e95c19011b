"""Give each workspace its model: its live version or else the starter, beside the memory of what its people said.

What is kept in this process is checked against the database at each classification, in one short look, so that every
replica is right at once after a correction, a roll back or a merge of categories.
"""

from __future__ import annotations

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from sqlalchemy.orm import Session

from ml.starter import CHATTER
from storage.database.engine import current_workspace
from storage.support import categories, labels, model_versions, tickets
from storage.support.model_versions import LearningState

if TYPE_CHECKING:
    from ml.classify.classifier import MessageClassifier, Verdict
    from ml.classify.memory import Memory
    from ml.classify.track_record import TrackRecord

log = logging.getLogger(__name__)

MOST_WORKSPACES = 64
REMEMBERED = "+memory"
PROMISE_S = 600.0
"""As often what became of a workspace's answers is looked at anew."""
ANSWERS = 2_000


@dataclass(slots=True)
class _Kept:
    """Hold what this process knows of one workspace's model."""

    classifier: MessageClassifier
    memory: Memory
    record: TrackRecord | None = None
    looked_at: float = 0.0
    lock: threading.Lock = field(default_factory=threading.Lock)
    live_id: int | None = None
    refused: str | None = None
    last_label_id: int = 0
    examples: tuple[int, int] = (0, 0)
    written: set[int] = field(default_factory=set)
    stale: set[int] = field(default_factory=set)


class WorkspaceModel:
    """Classify as the workspace of an open transaction does."""

    def __init__(self, models: Models, session: Session) -> None:
        self._models = models
        self._session = session
        self._kept: _Kept | None = None

    @property
    def classifier(self) -> MessageClassifier:
        """Return the fitted model that answers where nothing is remembered."""
        # One that has just classified is not asked again which it is.
        kept = self._kept or self._models.current(self._session)[0]
        return kept.classifier

    @property
    def refused(self) -> str | None:
        """Return why the live version's weights cannot be used and the starter answers; None where they can."""
        return self._models.current(self._session)[0].refused

    def classify(self, text: str, *, reasons: bool = True) -> Verdict:
        """Return what people said of the same message, or else what the model makes of it, with its `reasons`.

        A remembered verdict has a version that ends in `+memory`, the likeness as its confidence, and no reasons.
        """
        kept, standing = self._models.current(self._session)
        self._kept = kept
        return _classify(kept, standing, text, reasons=reasons)


class Models:
    """Keep the models of the workspaces that write; `starter` gives, or waits for, the model that ships."""

    def __init__(self, starter: Callable[[], MessageClassifier]) -> None:
        self._starter = starter
        self._kept: OrderedDict[str, _Kept] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, session: Session) -> WorkspaceModel:
        """Return the model of the session's workspace."""
        return WorkspaceModel(self, session)

    def starter(self) -> MessageClassifier:
        """Return the model that ships."""
        return self._starter()

    def examples(self) -> list[bytes]:
        """Return what the starter's examples mean, each in its place, as messages' vectors are kept; [] if not known.

        So whoever fits need not have them read again.
        """
        from ml.starter import load_examples
        from ml.text.neighbours import SCALE

        blend = self._starter().blend_
        if blend is None or len(blend.neighbours.examples) != len(load_examples().texts):
            return []
        return [(row / SCALE).astype("<f2").tobytes() for row in blend.neighbours.examples]

    def heard(self, workspace_id: str, message_id: int) -> None:
        """Read again, at the next classification, what people say of a message."""
        with self._lock:
            kept = self._kept.get(workspace_id)
        if kept is not None:
            with kept.lock:
                kept.stale.add(message_id)

    def forget(self) -> None:
        """Drop everything, as after a time in which nothing was heard."""
        with self._lock:
            self._kept.clear()

    def current(self, session: Session) -> tuple[_Kept, LearningState]:
        """Return what is kept of the session's workspace, brought up to date."""
        starter = self._starter()
        kept = self._of(current_workspace(session), starter)
        with kept.lock:
            # Within the lock: who looked earlier and came later would undo what is newer.
            standing = model_versions.standing(session)
            self._follow_version(session, kept, standing)
            # What this transaction said may be rolled back, and would be remembered all the same.
            if not labels.changed_here(session):
                self._follow_labels(session, kept, standing)
                _follow_answers(session, kept, standing)
        return kept, standing

    def _of(self, workspace_id: str, starter: MessageClassifier) -> _Kept:
        with self._lock:
            kept = self._kept.get(workspace_id)
            if kept is None:
                kept = self._kept[workspace_id] = _Kept(starter, _memory(starter))
                if len(self._kept) > MOST_WORKSPACES:
                    self._kept.popitem(last=False)
            self._kept.move_to_end(workspace_id)
            return kept

    def _follow_version(self, session: Session, kept: _Kept, standing: LearningState) -> None:
        if kept.live_id == standing.live_id:
            return
        kept.classifier, kept.refused, kept.live_id = self._starter(), None, standing.live_id
        if standing.live_id is None:
            return
        from ml.classify.model_blob import unpack
        from ml.classify.model_file import ModelRefused

        try:
            kept.classifier = unpack(model_versions.weights(session, standing.live_id) or b"").model
        except ModelRefused as refusal:
            kept.refused = str(refusal)
            log.error(
                "the live model of %s is refused, so the starter answers: %s", current_workspace(session), refusal
            )

    def _follow_labels(self, session: Session, kept: _Kept, standing: LearningState) -> None:
        from ml.classify.memory import LIMIT

        if standing.last_label_id < kept.last_label_id:
            # The newest was taken back.
            kept.memory, kept.last_label_id = _memory(self._starter()), 0
            kept.examples, kept.written = (0, 0), set()
        if standing.last_label_id > kept.last_label_id:
            for said in reversed(labels.last_words(session, after=kept.last_label_id, limit=LIMIT)):
                kept.memory.remember(said.message_id, said.text, said.category, said.label_id)
            kept.last_label_id = standing.last_label_id
        self._follow_examples(session, kept, standing)
        if kept.stale:
            words = {said.message_id: said for said in labels.last_words_on(session, kept.stale)}
            for message_id in kept.stale:
                kept.memory.forget(message_id)
            for said in words.values():
                kept.memory.remember(said.message_id, said.text, said.category, said.label_id)
            kept.stale.clear()

    def _follow_examples(self, session: Session, kept: _Kept, standing: LearningState) -> None:
        examples = (standing.last_example_id, standing.examples)
        if kept.examples == examples:
            return
        written = {-example.id: example for example in categories.examples_of(session)}
        for key in kept.written - written.keys():
            kept.memory.forget(key)
        for key in sorted(written.keys() - kept.written, reverse=True):
            # Below every label: what people say of real messages outweighs what they made up.
            kept.memory.remember(key, written[key].text, written[key].category, -1)
        kept.examples, kept.written = examples, set(written)


def _follow_answers(session: Session, kept: _Kept, standing: LearningState) -> None:
    now = time.monotonic()
    if kept.record is not None and now - kept.looked_at < PROMISE_S:
        return
    import numpy as np

    from ml.classify.track_record import TrackRecord

    answers = tickets.judged(session, merged=standing.merged, limit=ANSWERS)
    right = np.array([one.is_right for one in answers], dtype=bool)
    kept.record, kept.looked_at = TrackRecord().fit(np.array([one.confidence for one in answers]), right), now


def _memory(starter: MessageClassifier) -> Memory:
    from ml.classify.memory import Memory

    # The starter's features: what is remembered need not be read again when a version takes another's place.
    return Memory(starter.features_)


def _classify(kept: _Kept, standing: LearningState, text: str, *, reasons: bool) -> Verdict:
    from ml.classify.classifier import Verdict

    with kept.lock:
        found = kept.memory.recall(text)
        classifier, record = kept.classifier, kept.record
    if found is not None:
        category = labels.resolve(standing.merged, found.category)
        # Who is taken for asking nothing is not heard: for that, nearly the same is not enough.
        if category not in standing.archived and (category != CHATTER or found.is_same):
            return Verdict(
                category,
                found.similarity,
                None,
                abstained=False,
                version=classifier.version_ + REMEMBERED,
                chatter=category == CHATTER,
            )
    verdict = classifier.classify(text, reasons=reasons)
    if record is not None and not verdict.abstained:
        verdict = replace(verdict, promised=record.of(verdict.confidence))
    verdict = as_merged(verdict, standing.merged)
    # What people no longer choose, Rapport does not either: it asks them.
    return replace(verdict, abstained=True) if verdict.category in standing.archived else verdict


def as_merged(verdict: Verdict, merged: dict[str, str]) -> Verdict:
    """Return a model's verdict as it is after the merges of categories."""
    if verdict.category is None or not merged:
        return verdict
    category = labels.resolve(merged, verdict.category)
    second = verdict.second and labels.resolve(merged, verdict.second)
    return replace(verdict, category=category, second=None if second == category else second)
