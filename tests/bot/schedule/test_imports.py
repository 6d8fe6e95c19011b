"""Show that what is asked of an import is done once, whichever worker dies over it."""

from __future__ import annotations

import pytest
from sqlalchemy import func, select, text

from bot.registry import Registry
from bot.schedule.imports import ATTEMPTS, Imports
from storage.crm.customers import Customer
from storage.crm.deals import Deal
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.errors import NotFound, Refused
from storage.queues import retention
from storage.queues.outbox import Delivery
from storage.queues.retention import Keep
from storage.transfer import requests, running
from storage.transfer.model import ImportPart, ImportRun, ImportState
from storage.workspace import members
from tests.support import webhooks
from tests.support.webhooks import told

ROWS = 24


class Died(BaseException):
    """The process ended here."""


@pytest.fixture
def imports(database: Database, registry: Registry) -> Imports:
    return Imports(database, registry, batch=10)


def send(database: Database, workspace: str, content: str) -> int:
    with database.transaction(workspace) as session:
        return requests.receive(session, "a.csv", [content.encode()], actor_id="UREP", renderer="transfer.card").id


def ask(database: Database, workspace: str, number: int, state: ImportState) -> None:
    with database.transaction(workspace) as session:
        actor = members.get(session, "UREP")
        assert actor is not None
        requests.ask(session, number, state, actor)


def work(imports: Imports, database: Database) -> int:
    """Do all that is asked, and return how many imports were claimed."""
    with database.transaction(EVERY_WORKSPACE) as session:
        claimed = requests.claim(session, 5, 60.0)
    for run in claimed:
        imports.work(run)
    return len(claimed)


def run_of(database: Database, workspace: str, number: int) -> ImportRun:
    with database.transaction(workspace) as session:
        return running.get(session, number)


def companies() -> str:
    return "Id,Company,Website\n" + "".join(f"{n},Company {n},c{n}.example\n" for n in range(ROWS))


@pytest.mark.parametrize("dies_at", [1, 2, 3])
def test_a_worker_that_dies_is_followed_by_another_from_where_it_was(
    imports: Imports, database: Database, workspace: str, dies_at: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    number = send(database, workspace, companies())
    assert work(imports, database) == 1
    ask(database, workspace, number, ImportState.CHECKING)
    work(imports, database)
    checked = run_of(database, workspace, number).checked
    assert checked is not None
    assert checked["counts"] == {"added": ROWS}
    ask(database, workspace, number, ImportState.RUNNING)
    batch, done = running.run_batch, 0

    def mortal(*given: object) -> ImportRun:
        nonlocal done
        done += 1
        run = batch(*given)  # type: ignore[arg-type]  # as it was called
        if done == dies_at:
            raise Died
        return run

    with monkeypatch.context() as patched:
        patched.setattr(running, "run_batch", mortal)
        with pytest.raises(Died):
            work(imports, database)
    assert work(imports, database) == 0, "its lease still runs"
    with database.transaction(workspace) as session:
        session.execute(text("UPDATE import_run SET lease_until = now()"))
    assert work(imports, database) == 1
    run = run_of(database, workspace, number)
    assert (run.state, run.counts) == ("done", {"added": ROWS})
    with database.transaction(workspace) as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == ROWS
        assert session.scalar(select(func.count()).select_from(ImportPart)) == 0, "the file is forgotten"
    ask(database, workspace, number, ImportState.UNDOING)
    work(imports, database)
    with database.transaction(workspace) as session:
        assert session.scalar(select(func.count()).select_from(Customer)) == 0


def test_who_was_overtaken_saves_nothing(imports: Imports, database: Database, workspace: str) -> None:
    number = send(database, workspace, companies())
    with database.transaction(EVERY_WORKSPACE) as session:
        (slow,) = requests.claim(session, 1, 0.0)
    assert work(imports, database) == 1
    imports.work(slow)
    assert run_of(database, workspace, number).state == ImportState.DRAWN_UP


def test_a_file_over_which_every_worker_dies_is_given_up_and_says_so(
    imports: Imports, database: Database, workspace: str
) -> None:
    number = send(database, workspace, companies())
    with database.transaction(workspace) as session:
        session.execute(text("UPDATE import_run SET attempt = :most"), {"most": ATTEMPTS})
    work(imports, database)
    run = run_of(database, workspace, number)
    assert run.state == ImportState.FAILED
    assert "could not be finished" in (run.error or "")


def test_a_card_is_one_message_that_follows_the_import(imports: Imports, database: Database, workspace: str) -> None:
    number = send(database, workspace, companies())
    work(imports, database)
    ask(database, workspace, number, ImportState.CHECKING)
    work(imports, database)
    with database.transaction(workspace) as session:
        kinds = list(session.scalars(select(Delivery.kind).order_by(Delivery.created_at)))
    assert kinds == ["post", "update"]


def test_an_import_tells_nobody_but_its_own_card(imports: Imports, database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        webhooks.add(session)
    deals = "Id,Deal Name,Owner,Stage\n1,Sails,Manager,Won\n2,Ropes,Manager,Lead\n"
    for content in (deals, deals.replace("Ropes", "Nets")):
        number = send(database, workspace, content)
        work(imports, database)
        ask(database, workspace, number, ImportState.CHECKING)
        work(imports, database)
        ask(database, workspace, number, ImportState.RUNNING)
        work(imports, database)
        assert run_of(database, workspace, number).state == ImportState.DONE
    with database.transaction(workspace) as session:
        owners = list(session.scalars(select(Deal.owner_id)))
        told_to = set(session.scalars(select(Delivery.renderer)))
    assert (owners, told_to) == (["UMANAGER", "UMANAGER"], {"transfer.card"})
    assert told(database, workspace) == []


def test_a_file_that_nobody_comes_back_to_is_forgotten(imports: Imports, database: Database, workspace: str) -> None:
    number, recent = (send(database, workspace, companies()) for _ in range(2))
    work(imports, database)
    with database.transaction(workspace) as session:
        aged = text("UPDATE import_run SET updated_at = now() - interval '8 days' WHERE id = :id")
        session.execute(aged, {"id": number})
    with database.transaction(workspace) as session:
        assert retention.purge(session, "files of imports", Keep(), 100) == 1
        assert list(session.scalars(select(ImportPart.import_id))) == [recent]
    ask(database, workspace, number, ImportState.CHECKING)
    work(imports, database)
    run = run_of(database, workspace, number)
    assert (run.state, run.error) == ("failed", "The file is not kept any more. Send it again.")


@pytest.mark.parametrize("state", [ImportState.CHECKING, ImportState.RUNNING, ImportState.STOPPED, ImportState.UNDOING])
def test_an_import_is_asked_only_by_who_sent_it_or_an_admin_of_its_workspace(
    imports: Imports, database: Database, workspace: str, second_workspace: str, state: ImportState
) -> None:
    number = send(database, workspace, companies())
    work(imports, database)
    was = run_of(database, workspace, number).state
    for where, who, refusal in ((workspace, "UAGENT", Refused), (second_workspace, "UADMIN", NotFound)):
        with pytest.raises(refusal), database.transaction(where) as session:
            actor = members.get(session, who)
            assert actor is not None
            requests.ask(session, number, state, actor)
    assert run_of(database, workspace, number).state == was
