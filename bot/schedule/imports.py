"""Do what people ask of imports: look at a file, try it, bring it in, take it back.

Each batch is a transaction of its own, which also renews the lease, so any replica may die and another goes on.
"""

from __future__ import annotations

import itertools
import logging
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from sqlalchemy.orm import Session

from bot.i18n import speak
from bot.registry import Registry
from bot.workers import Workers
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.errors import CrmError
from storage.queues import leases
from storage.queues.leases import Overdue
from storage.records import schema
from storage.records.declaration import Declaration
from storage.transfer import looking, preparing, requests, running, tables
from storage.transfer.activities.declaration import with_activities
from storage.transfer.exports import refused
from storage.transfer.lookup import Links
from storage.transfer.mapping import ColumnMapping
from storage.transfer.model import ImportPart, ImportRun, ImportState
from storage.workspace import members, workspaces

log = logging.getLogger(__name__)

POLL_S = 5.0
LEASE_S = 60.0
ATTEMPTS = 5
SHOWN_EVERY_S = 3.0
"""So often a card says how far its import is."""


class Imports:
    """Work on one import at a time, whichever workspace's it is."""

    def __init__(
        self, database: Database, registry: Registry, *, lease_s: float = LEASE_S, batch: int = running.BATCH
    ) -> None:
        self._database = database
        self._registry = registry
        self._lease_s = lease_s
        self._batch = batch
        self.workers = Workers(
            "imports", self._claim, self.work, hands=1, poll_s=POLL_S, database=database, channel=requests.CHANNEL
        )

    def _claim(self, free: int) -> Sequence[ImportRun]:
        with self._database.transaction(EVERY_WORKSPACE) as session:
            return requests.claim(session, free, self._lease_s)

    def work(self, run: ImportRun) -> None:
        """Do what a claimed import's state asks for; what cannot be done is said on its card."""
        try:
            if run.attempt > ATTEMPTS:
                raise CrmError("The import could not be finished, though it was begun again several times.")
            with tempfile.TemporaryDirectory() as folder:
                self._do(run, Path(folder) / "file")
        except Overdue:
            log.info("import %s of %s is somebody else's, or was stopped", run.id, run.workspace_id)
        except CrmError as error:
            said = f"{error} {error.hint.format(**error.params)}" if error.hint else str(error)
            with self._database.transaction(run.workspace_id) as session:
                requests.fail(session, run.id, said)

    def _do(self, run: ImportRun, path: Path) -> None:
        with self._database.transaction(run.workspace_id) as session:
            workspace = workspaces.get(session, run.workspace_id)
            speak(workspace.locale if workspace else None)
            sender = members.get(session, run.actor_id) if run.actor_id else None
            schema.see_as(session, sender.acts_in if sender else schema.CHANNEL)
            nouns = with_activities(self._registry.declarations(session))
            if run.state != ImportState.UNDOING:
                requests.copy_file(session, run.id, path)
                if not path.stat().st_size and session.get(ImportPart, (run.workspace_id, run.id, 0)) is None:
                    raise CrmError("The file is not kept any more.", hint="Send it again.")
        match run.state:
            case ImportState.READING:
                self._read(run, path, nouns)
            case ImportState.CHECKING:
                self._check(run, path, nouns)
            case ImportState.RUNNING:
                self._bring_in(run, path, nouns)
            case ImportState.UNDOING:
                self._take_back(run)

    def _read(self, run: ImportRun, path: Path, nouns: Mapping[str, Declaration]) -> None:
        def last(header: Sequence[str]) -> ColumnMapping | None:
            with self._database.transaction(run.workspace_id) as session:
                return running.last_mapping(session, header)

        said = ColumnMapping.from_json(run.mapping) if run.mapping else None
        if said is not None and said.columns:
            table, understood = tables.open_table(path, run.file_name, said.sheet), said
        else:
            sheet = said.sheet if said else ""
            table, understood = looking.understand(path, run.file_name, nouns, last, sheet=sheet)
        understood = looking.look(table, understood, nouns[understood.noun], preparing.TypeGuess)
        with self._database.transaction(run.workspace_id) as session:
            self._keep(session, run)
            requests.read(session, run.id, understood, table)

    def _check(self, run: ImportRun, path: Path, nouns: Mapping[str, Declaration]) -> None:
        understood = ColumnMapping.from_json(run.mapping)
        table = tables.open_table(path, sheet=understood.sheet)
        with running.Rehearsal(Links(understood.source, nouns), understood, run.actor_id) as rehearsal:
            for rows in running.batches(table.rows(), self._batch):
                with self._database.transaction(run.workspace_id) as session:
                    self._keep(session, run)
                    running.refuse(session, run, rehearsal.batch(session, rows))
            with self._database.transaction(run.workspace_id) as session:
                self._keep(session, run)
                refused.keep(session, requests.checked(session, run.id, rehearsal), table)

    def _bring_in(self, run: ImportRun, path: Path, nouns: Mapping[str, Declaration]) -> None:
        understood = ColumnMapping.from_json(run.mapping)
        links = Links(understood.source, nouns)
        said_at = time.monotonic()
        table = tables.open_table(path, sheet=understood.sheet)
        for rows in itertools.chain(running.batches(table.rows(run.line), self._batch), [[]]):
            with self._database.transaction(run.workspace_id) as session:
                self._keep(session, run)
                now = running.run_batch(session, run.id, links, rows)
                if time.monotonic() - said_at > SHOWN_EVERY_S:
                    leases.show(session, now)
                    said_at = time.monotonic()
        with self._database.transaction(run.workspace_id) as session:
            refused.keep(session, running.get(session, run.id, lock=True), table)
            requests.over(session, run.id)

    def _take_back(self, run: ImportRun) -> None:
        now = run
        said_at = time.monotonic()
        while now.state == ImportState.UNDOING:
            with self._database.transaction(run.workspace_id) as session:
                self._keep(session, run)
                now, _kept = running.undo_batch(session, run.id, self._batch)
                if time.monotonic() - said_at > SHOWN_EVERY_S:
                    leases.show(session, now)
                    said_at = time.monotonic()
        with self._database.transaction(run.workspace_id) as session:
            requests.over(session, run.id)

    def _keep(self, session: Session, run: ImportRun) -> None:
        if not leases.keep(session, run, self._lease_s):
            raise Overdue
