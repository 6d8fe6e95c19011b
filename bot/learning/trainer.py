"""Fit each workspace's model anew when its people have said enough, and put it to use only if it is better.

A tick looks which workspaces have new labels. By day, and where the encoder is installed, only the half that reads
meaning is fitted, which takes seconds and serves at once; the half that reads words follows at night. One replica at a
time learns for a workspace, outside any transaction and in a process of its own, so that nobody waits for it.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from bot.grammar.calendar.recurrence import next_time
from bot.learning import apart, grouping
from bot.learning.models import Models
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.session_lock import session_lock
from storage.meaning import vectors
from storage.queues import outbox
from storage.records import history
from storage.support import categories, channels, labels, model_versions, tickets
from storage.support.model_versions import LearningState, ModelVersion, State
from storage.workspace import workspaces

if TYPE_CHECKING:
    from ml.learn.items import Item

log = logging.getLogger(__name__)

LOOK_S = 20.0
ENOUGH_LABELS = 20
NIGHTLY = "FREQ=DAILY;03:00"
MOST_LABELS = 20_000
AFTER_FAILURE_S = 3_600.0
BOTH, HEAD = "both", "head"
"""What is fitted anew, as `ml.learn.fit` calls it, which is not loaded with this."""
LOOKED_AT = 200
"""Among as many versions the last one is looked for of which both halves were fitted."""
LEARNED = "learning.learned"
"""The renderer of what is announced."""


class Learning:
    """Learn for every workspace that is served; `url` is the database's, of which it opens two connections at most."""

    def __init__(
        self,
        url: str,
        models: Models,
        *,
        enough: int = ENOUGH_LABELS,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._database = Database(url, pool_size=2, application_name="rapport-learn")
        self._models = models
        self._enough = enough
        self._now = now
        self._stopping = threading.Event()
        self._failed_at: dict[str, float] = {}
        self._too_few: dict[str, LearningState] = {}
        self._nights: dict[str, datetime] = {}

    def tick(self) -> None:
        """Learn for each workspace in which enough was said since the last time."""
        with self._database.transaction(EVERY_WORKSPACE) as session:
            served = [installation.workspace_id for installation in workspaces.installations(session)]
        for workspace_id in served:
            if self._stopping.is_set():
                return
            failed_at = self._failed_at.get(workspace_id)
            if failed_at is not None and time.monotonic() - failed_at < AFTER_FAILURE_S:
                continue
            try:
                self.learn(workspace_id)
                self.learn_grouping(workspace_id)
            except Exception as exc:
                # Another workspace's labels are not to wait for this one's.
                self._failed_at[workspace_id] = time.monotonic()
                log.warning("could not learn for %s: %s", workspace_id, type(exc).__name__, exc_info=exc)

    def learn(self, workspace_id: str, *, anyway: bool = False) -> ModelVersion | None:
        """Fit, compare and keep a model where enough was said, or `anyway`; None where there is nothing to learn.

        Raises RuntimeError if the fit fails.
        """
        with self.alone(workspace_id) as alone:
            if not alone:
                return None
            with self._database.transaction(workspace_id) as session:
                standing = model_versions.standing(session)
                half = BOTH if anyway else self._due(session, standing)
                if half is None or (not anyway and self._too_few.get(workspace_id) == standing):
                    return None
                live = base = model_versions.live(session)
                if half == HEAD and not self._can_follow(session, standing):
                    half = BOTH
                if half == BOTH:
                    base = _whole(session, base)
                items, current = _items(session, base, standing, live), self._current(session, base)
                day = self._current(session, live) if live is not base else None
                kept = vectors.of_messages(session, [item.key for item in items if item.key > 0])
            from ml.learn.fit import evidence
            from ml.learn.gate import FEWEST

            if evidence(items) < FEWEST:
                self._too_few[workspace_id] = standing
                return None
            started = time.monotonic()
            fitted = self.fit(items, standing, current, kept, day, half=half)
            if fitted is None:
                return None
            weights, outcome = fitted
            outcome |= {"seconds": round(time.monotonic() - started, 1), "merged": standing.merged}
            outcome |= {"last_example_id": standing.last_example_id, "examples": standing.examples}
            return self._keep(workspace_id, standing, weights, outcome)

    def learn_grouping(self, workspace_id: str, *, anyway: bool = False) -> dict[str, Any] | None:
        """Learn at night, or `anyway`, which messages are one matter, where people moved enough of them.

        Returns what is kept, None where there is nothing new to learn. Raises RuntimeError if the fit fails.
        """
        night, now = self._nights.get(workspace_id), self._now()
        if night is None or night <= now:
            with self._database.transaction(workspace_id) as session:
                workspace = workspaces.get(session, workspace_id)
            self._nights[workspace_id] = next_time(NIGHTLY, workspace.zone if workspace else "UTC", now) or now
        if not anyway and (night is None or night > now):
            return None
        with self.alone(workspace_id) as alone:
            return grouping.learn(self._database, workspace_id, now, self._stopping) if alone else None

    def stop(self) -> None:
        """Learn no more; a fit in hand is given up, as the next process begins it again."""
        self._stopping.set()

    def close(self) -> None:
        """Close the connections, once the clock has stopped."""
        self._database.dispose()

    def _due(self, session: Session, standing: LearningState) -> str | None:
        """Return what is to be fitted: both halves where something else was learned or the night has come.

        In between only the head, once enough was said; None where nothing is to be done.
        """
        tried = model_versions.newest(session, LOOKED_AT)
        last = tried[0] if tried else None
        if _is_otherwise(standing, last.figures if last else {}):
            return BOTH
        fresh = labels.count_after(session, last.last_label_id if last else 0)
        wanted = _wanted(last, model_versions.live(session))
        if fresh >= max(self._enough, wanted):
            return HEAD
        whole = next((one for one in tried if one.figures.get("half") != HEAD), None)
        if labels.count_after(session, whole.last_label_id if whole else 0) < max(1, wanted):
            return None
        workspace = workspaces.get(session, str(session.info["workspace"]))
        since = whole.trained_at if whole else self._first_said(session)
        night = next_time(NIGHTLY, workspace.zone if workspace else "UTC", since)
        return BOTH if night is not None and night <= self._now() else None

    def _can_follow(self, session: Session, standing: LearningState) -> bool:
        """Tell whether the live model's head can be fitted alone: it has one, and knows all that was said."""
        from ml.learn.head import can_follow

        said = [word.category for word in labels.last_words(session, limit=MOST_LABELS)]
        return can_follow(self._models.of(session).classifier, [labels.resolve(standing.merged, one) for one in said])

    def _first_said(self, session: Session) -> datetime:
        return session.scalars(select(func.min(labels.Label.at))).one() or self._now()

    def _current(self, session: Session, base: ModelVersion | None) -> bytes:
        """Return the packed model that a candidate is compared with, the starter where the live one is refused."""
        from ml.classify.model_blob import pack

        if base is not None and self._models.of(session).refused is None:
            return model_versions.weights(session, base.id) or b""
        return pack(self._models.starter())

    def fit(
        self,
        items: list[Item],
        standing: LearningState,
        current: bytes,
        kept: Mapping[int, bytes],
        day: bytes | None = None,
        *,
        half: str = BOTH,
    ) -> tuple[bytes, dict[str, Any]] | None:
        """Fit a candidate in a process of its own and return its weights and figures; None where that was given up.

        `kept` are the vectors of messages by their ids, `half` is what is fitted anew, `day` what it must not be worse
        than.
        """
        from ml.learn.fit import read_outcome, write_job

        with TemporaryDirectory(prefix="rapport-learn-") as name:
            folder = Path(name)
            examples = self._models.examples()
            write_job(folder, items, standing.merged, current, kept, half=half, examples=examples, day=day)
            return read_outcome(folder) if apart.run("ml.learn.fit", folder, self._stopping) else None

    def _keep(
        self, workspace_id: str, standing: LearningState, weights: bytes, outcome: dict[str, Any]
    ) -> ModelVersion:
        with (
            self._database.transaction(workspace_id) as session,
            history.recording(session, actor_id=None, source="learning"),
        ):
            now = model_versions.live(session)
            if (now.id if now else None) != standing.live_id:
                outcome |= {"better": False, "reason": "another model went live meanwhile"}
            kept = model_versions.keep(
                session,
                version=outcome["version"],
                figures=outcome,
                last_label_id=standing.last_label_id,
                weights=weights,
                promote=bool(outcome["better"]),
            )
            channel_id = channels.triage(session)
            if outcome["better"] and channel_id is not None:
                outbox.enqueue(
                    session,
                    target_channel=channel_id,
                    renderer=LEARNED,
                    record=None,
                    payload={"version_id": kept.id},
                    dedupe_key=f"{LEARNED}:{kept.id}",
                )
            return kept

    def alone(self, workspace_id: str) -> AbstractContextManager[bool]:
        """Hold the workspace's lock, outside any transaction, as a fit may take minutes."""
        return session_lock(self._database, func.hashtextextended(f"learning {workspace_id}", 0))


def _wanted(last: ModelVersion | None, live: ModelVersion | None) -> float:
    """Return how many labels must have come since a candidate was refused, so that chance is not asked too often.

    A look with hardly more evidence mostly repeats the last one, and now and then lets a model pass by luck.
    """
    if last is None or last.state != State.REFUSED or "missing" not in last.figures:
        return 0
    if live is not None and live.live_at is not None and live.live_at > last.trained_at:
        return 0
    from ml.learn.gate import GROWTH
    from ml.learn.items import HELD_OUT

    each = HELD_OUT if last.figures["method"] == "held-out" else 1
    return float((GROWTH - 1) * last.figures["judged"] * each)


def _whole(session: Session, live: ModelVersion | None) -> ModelVersion | None:
    """Return the last version that answered of which both halves were fitted, None for the starter.

    What was fitted by day has taken the evidence of that day, and with it as the measure no words would be learned.
    """
    while live is not None and live.figures.get("half") == HEAD:
        live = model_versions.before(session, live)
    return live


def _is_otherwise(standing: LearningState, known: dict[str, Any]) -> bool:
    """Tell whether examples or merges are others than those of the last fit, of which the figures are given."""
    # The figures of the first versions do not say how many examples there were.
    count = known.get("examples", standing.examples)
    return (
        standing.last_example_id > int(known.get("last_example_id", 0))
        or standing.examples != count
        or standing.merged != known.get("merged", {})
    )


def _items(
    session: Session, base: ModelVersion | None, standing: LearningState, live: ModelVersion | None
) -> list[Item]:
    """Return what people said and what they let stand, and which of it `base` and the live model were not fitted on."""
    from ml.learn.items import Item, is_held_out

    label_id, by_day = (one.last_label_id if one else 0 for one in (base, live))
    example_id = int(base.figures.get("last_example_id", 0)) if base else 0
    accepted = [
        Item(word.message_id, word.text, word.category, is_held_out(word.message_id) or word.is_later, accepted=True)
        for word in reversed(tickets.accepted(session, since=base.trained_at if base else None, limit=MOST_LABELS))
        if word.text.strip()
    ]
    said = [
        Item(
            word.message_id,
            word.text,
            word.category,
            unseen=is_held_out(word.message_id) or word.first_id > label_id,
            unseen_by_day=is_held_out(word.message_id) or word.first_id > by_day,
        )
        for word in reversed(labels.last_words(session, limit=MOST_LABELS))
        if word.text.strip()
    ]
    written = [
        Item(-example.id, example.text, example.category, example.id > example_id)
        for example in categories.examples_of(session)
        if example.id <= standing.last_example_id
    ]
    return [*accepted, *said, *written]
