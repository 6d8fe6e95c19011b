"""Drop what is remembered once it may be otherwise: another process changed it, or Slack's events could not come."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Collection

from bot.learning.models import Models
from bot.requests.actors import People
from bot.slack.clients import Installations
from bot.slack.sharing import Sharing
from storage.database.engine import Database
from storage.support import labels
from storage.workspace import members, workspaces

log = logging.getLogger(__name__)

RETRY_S = 5.0
LISTEN_S = 0.5
CHANNELS = (
    workspaces.INSTALLATIONS_CHANGED,
    workspaces.WORKSPACES_CHANGED,
    members.MEMBERS_CHANGED,
    labels.LABELS_CHANGED,
)


class Hearing:
    """Listen to the database, and look whether Slack's events come.

    `gaps` counts how often they could not come until now, and is None while they cannot; there is none where they never
    do. `ask` has the people of workspaces read again, of whom events may have told what was never heard.
    """

    def __init__(
        self,
        database: Database,
        installations: Installations,
        people: People,
        models: Models,
        sharing: Sharing,
        ask: Callable[[Collection[str]], None],
        *,
        gaps: Callable[[], int | None] | None,
    ) -> None:
        self._database = database
        self._installations = installations
        self._people = people
        self._models = models
        self._sharing = sharing
        self._ask = ask
        self._gaps = gaps
        self.misses_nothing = False
        """Whether it listens, and did when it looked last: what is learned now is not doubted."""

    def run(self, stopping: threading.Event) -> None:
        """Listen until the process stops; whenever it begins, all that is remembered may be old."""
        while not stopping.is_set():
            try:
                with self._database.listen(CHANNELS) as listener:
                    self._installations.load()
                    self._people.forget()
                    self._models.forget()
                    before = None if self._gaps else 0
                    while not stopping.is_set():
                        # Once more when they come again: something may have been learned and overtaken just before.
                        now = self._gaps() if self._gaps else 0
                        missed, before = before != now, now
                        self.misses_nothing = not missed and now is not None
                        self._doubt_sharing(missed or now is None)
                        if missed and now is not None:
                            self._ask(self._installations.all())
                        for note in listener.wait(LISTEN_S):
                            self._heard(note.channel, note.payload)
            except Exception as exc:
                self.misses_nothing = False
                log.warning("not listening for changes: %s", type(exc).__name__, extra={"cause": exc})
                stopping.wait(RETRY_S)

    def _doubt_sharing(self, missed: bool) -> None:
        """Take for known who reads a channel only while Slack's events come, and what was learned since then."""
        if missed:
            self._sharing.doubt()
        for workspace_id in self._installations.all():
            self._sharing.settle(self._database, workspace_id)

    def _heard(self, channel: str, payload: str) -> None:
        workspace_id, _space, which = payload.partition(" ")
        if channel == labels.LABELS_CHANGED:
            self._models.heard(workspace_id, int(which))
            return
        if channel == workspaces.INSTALLATIONS_CHANGED:
            before = self._installations.all()
            self._installations.load()
            self._ask(set(self._installations.all()).difference(before))
        self._people.forget(workspace_id, which)
