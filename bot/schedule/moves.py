"""Move the records of settings that go out of use, and take that back.

Each batch is a transaction of its own, which also renews the lease, so any replica may die and another goes on.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Sequence

from sqlalchemy.orm import Session

from bot.i18n import speak
from bot.requests.runtime import Runtime
from bot.workers import Workers
from storage import events
from storage.database.engine import EVERY_WORKSPACE, Database, current_workspace
from storage.errors import CrmError
from storage.events import OwnedChanged
from storage.queues import leases
from storage.queues.leases import Overdue
from storage.records import moves
from storage.records.moves import MoveState, RecordsMove
from storage.workspace import workspaces

log = logging.getLogger(__name__)

POLL_S = 5.0
LEASE_S = 60.0
ATTEMPTS = 5
SHOWN_EVERY_S = 3.0
"""So often a card says how far its move is."""


class Moves:
    """Work on one move at a time, whichever workspace's it is."""

    def __init__(
        self,
        database: Database,
        runtime: Runtime,
        *,
        lease_s: float = LEASE_S,
        batch: int = moves.BATCH,
        shown_every_s: float = SHOWN_EVERY_S,
    ) -> None:
        self._database = database
        self._runtime = runtime
        self._lease_s = lease_s
        self._batch = batch
        self._shown_every_s = shown_every_s
        self.workers = Workers(
            "moves", self._claim, self.work, hands=1, poll_s=POLL_S, database=database, channel=moves.CHANNEL
        )

    def _claim(self, free: int) -> Sequence[RecordsMove]:
        with self._database.transaction(EVERY_WORKSPACE) as session:
            return moves.claim(session, free, self._lease_s)

    def work(self, move: RecordsMove) -> None:
        """Do what a claimed move's state asks for; what cannot be done is said on its card."""
        try:
            if move.attempt > ATTEMPTS:
                raise CrmError("It could not be finished, though it was begun again several times.")
            self._do(move, moves.run_batch if move.state == MoveState.RUNNING else moves.undo_batch)
        except Overdue:
            log.info("move %s of %s is somebody else's", move.id, move.workspace_id)
        except CrmError as error:
            said = f"{error} {error.hint.format(**error.params)}" if error.hint else str(error)
            with self._database.transaction(move.workspace_id) as session:
                moves.fail(session, move.id, said)

    def _do(self, move: RecordsMove, batch: Callable[..., RecordsMove]) -> None:
        now, said_at = move, time.monotonic()
        while now.state == move.state:
            with self._database.transaction(move.workspace_id) as session:
                if not leases.keep(session, move, self._lease_s):
                    raise Overdue
                now = batch(session, move.id, self._batch, self._tell)
                if now.state == move.state and time.monotonic() - said_at >= self._shown_every_s:
                    leases.show(session, now)
                    said_at = time.monotonic()

    def _tell(self, session: Session) -> None:
        """Tell those whose work depends on the records, and not each owner of thousands."""
        session.flush()
        told = [fact for fact in events.drain(session) if not isinstance(fact, OwnedChanged)]
        for fact in told:
            events.emit(session, fact)
        if told:
            workspace = workspaces.get(session, current_workspace(session))
            assert workspace is not None
            speak(workspace.locale)
            self._runtime.tell_listeners(session, self._runtime.given(None, workspace))
