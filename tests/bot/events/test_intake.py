"""Show that an event is stored before it is acknowledged, has its effect once, and is never silently dropped."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from bot.events.intake import STORE_WITHIN_S, Intake, NeverStored, NotStored
from storage.database.engine import EVERY_WORKSPACE, Database, login_url
from storage.queues import inbox
from storage.queues.inbox import InboxItem
from storage.support import sharing
from tests.support.cluster import sessions
from tests.support.database_wire import SwallowingWire
from tests.support.waiting import PATIENCE_S, until


class Handling:
    """Hold what was handled, and what is to go wrong next."""

    def __init__(self) -> None:
        self.seen: list[str] = []
        self.wrong: list[Exception] = []
        self.meanwhile: Callable[[], None] = lambda: None
        self.afterwards: Callable[[], None] | None = None

    def prepare(self, item: InboxItem) -> str:
        return f"prepared {item.body['event'].get('text', '')}"

    def handle(self, item: InboxItem, session: Session, prepared: str) -> Callable[[], None] | None:
        session.execute(text("UPDATE workspace SET name = name || '+'"))
        self.meanwhile()
        if self.wrong:
            raise self.wrong.pop(0)
        self.seen.append(prepared)
        return self.afterwards

    def held(self) -> tuple[threading.Event, threading.Event]:
        """Hold what is handled; return what tells that it has begun, and what lets it go on."""
        begun, goes_on = threading.Event(), threading.Event()

        def wait() -> None:
            begun.set()
            assert goes_on.wait(PATIENCE_S)

        self.meanwhile = wait
        return begun, goes_on

    def finish(self, item: InboxItem) -> None:
        self.seen.append(f"finished {item.kind}")


@pytest.fixture
def handling() -> Handling:
    return Handling()


@pytest.fixture
def start(database: Database, workspace: str, handling: Handling) -> Iterator[Callable[..., Intake]]:
    running: list[Intake] = []

    def begin(started: bool = True, **changed: Any) -> Intake:
        given: dict[str, Any] = {
            "finish": handling.finish,
            "finish_kinds": {"command"},
            "workers": 2,
            "lease_s": 30.0,
            "poll_s": 0.1,
            "first_wait_s": 0.1,
        }
        intake = Intake(changed.pop("database", database), handling.prepare, handling.handle, **(given | changed))
        running.append(intake)
        if started:
            intake.start()
        return intake

    yield begin
    for intake in running:
        intake.stop(PATIENCE_S)


def event(event_id: str = "Ev1", **inner: Any) -> dict[str, Any]:
    told = {"type": "message", "channel": "C1", "user": "U1", "text": "hello", "event_ts": f"1.{event_id}", **inner}
    return {"type": "event_callback", "event_id": event_id, "event": told}


def rows(database: Database, workspace: str) -> list[InboxItem]:
    with database.transaction(workspace) as session:
        return list(session.query(InboxItem).order_by(InboxItem.id))


def effects(database: Database, workspace: str) -> int:
    with database.transaction(workspace) as session:
        return str(session.execute(text("SELECT name FROM workspace")).scalar()).count("+")


def states(database: Database, workspace: str) -> list[str]:
    return [row.state for row in rows(database, workspace)]


def test_an_event_is_stored_and_then_handled(
    database: Database, workspace: str, handling: Handling, start: Callable[..., Intake], admin_url: str
) -> None:
    intake = start(poll_s=3_600.0)
    until(lambda: sessions(admin_url, "query LIKE 'LISTEN%'") == 1)
    intake.store_event(event(), workspace)
    until(lambda: states(database, workspace) == ["done"])
    assert handling.seen == ["prepared hello"]
    assert effects(database, workspace) == 1


@pytest.mark.parametrize(
    "repeats",
    [
        [event("Ev1")] * 4,
        [event(f"Ev{n}", event_ts="1.1") for n in range(11)],
        [event("Ev1", event_ts="1.1"), event("Ev2", event_ts="1.1", type="app_mention")],
        [event("Ev1", type="reaction_added", item={"channel": "C1"}), event("Ev1", type="reaction_added")],
    ],
    ids=["retries", "other ids", "mention and message", "reaction"],
)
def test_repeats_have_one_effect(
    database: Database, workspace: str, start: Callable[..., Intake], repeats: list[dict[str, Any]]
) -> None:
    intakes = [start(), start()]
    threads = [
        threading.Thread(target=intakes[number % 2].store_event, args=(body, workspace))
        for number, body in enumerate(repeats)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    until(lambda: states(database, workspace) == ["done"])
    assert effects(database, workspace) == 1


def test_ids_are_read_where_events_carry_objects(
    database: Database, workspace: str, start: Callable[..., Intake]
) -> None:
    intake = start(started=False)
    intake.store_event(event("Ev1", type="user_change", user={"id": "U7"}, channel={"id": "C7"}), workspace)
    intake.store_event(event("Ev2", user=None, bot_id="B1"), workspace)
    assert [(row.channel, row.actor) for row in rows(database, workspace)] == [("C7", "U7"), ("C1", "B1")]


@pytest.mark.parametrize("kind", ["channel_shared", "channel_unshared"])
def test_once_an_event_of_sharing_is_acknowledged_nothing_is_sent_by_what_was_known_before(
    start: Callable[..., Intake], database: Database, workspace: str, kind: str
) -> None:
    with database.transaction(workspace) as session:
        assert sharing.learn(session, "C1", False, since=sharing.known(session, "C1"))
        assert sharing.known(session, "C1").shared is False
    start(started=False).store_event(event(type=kind, channel="C1", user=None), workspace)
    with database.transaction(workspace) as session:
        assert sharing.known(session, "C1").shared is None


@pytest.mark.parametrize("text", ["a\x00b", "\ud800", float("nan")], ids=["NUL", "half", "NaN"])
def test_what_no_second_attempt_stores_is_told_apart(start: Callable[..., Intake], workspace: str, text: Any) -> None:
    with pytest.raises(NeverStored):
        start().store_event(event("Ev1", text=text), workspace)


def test_an_event_of_a_workspace_that_is_not_there_may_come_again(start: Callable[..., Intake], workspace: str) -> None:
    with pytest.raises(DBAPIError):
        start().store_event(event("Ev1"), "TNOBODY")


def test_what_fails_is_tried_again_and_its_changes_are_not_saved(
    database: Database,
    workspace: str,
    handling: Handling,
    start: Callable[..., Intake],
    caplog: pytest.LogCaptureFixture,
) -> None:
    handling.wrong = [RuntimeError("busy"), RuntimeError("still busy")]
    start().store_event(event(), workspace)
    until(lambda: states(database, workspace) == ["done"])
    assert effects(database, workspace) == 1
    assert rows(database, workspace)[0].attempt == 3
    assert "busy" in caplog.text


def test_what_always_fails_is_dead_with_its_traceback_and_body(
    database: Database,
    workspace: str,
    handling: Handling,
    start: Callable[..., Intake],
    caplog: pytest.LogCaptureFixture,
) -> None:
    handling.wrong = [RuntimeError("never")] * 9
    start(attempts=3).store_event(event(), workspace)
    until(lambda: states(database, workspace) == ["dead"])
    (row,) = rows(database, workspace)
    assert row.attempt == 3
    assert row.error and "Traceback" in row.error and "RuntimeError: never" in row.error
    assert row.body["event"]["text"] == "hello"
    assert effects(database, workspace) == 0


def test_what_kills_its_process_each_time_is_dead_too(
    database: Database, workspace: str, handling: Handling, start: Callable[..., Intake]
) -> None:
    intake = start(started=False, attempts=2)
    intake.store_event(event(), workspace)
    for _ in range(2):
        with database.transaction(EVERY_WORKSPACE) as session:
            assert inbox.claim(session, 1, 0)
    intake.start()
    until(lambda: states(database, workspace) == ["dead"])
    assert "ended during each attempt" in str(rows(database, workspace)[0].error)
    assert handling.seen == []


def test_a_row_whose_worker_died_is_handled_by_another(
    database: Database, workspace: str, handling: Handling, start: Callable[..., Intake]
) -> None:
    intake = start(started=False)
    intake.store_event(event(), workspace)
    with database.transaction(EVERY_WORKSPACE) as session:
        assert inbox.claim(session, 1, 0.3)
    intake.start()
    until(lambda: states(database, workspace) == ["done"])
    assert handling.seen == ["prepared hello"]


def test_who_was_overtaken_saves_nothing(
    database: Database, workspace: str, handling: Handling, start: Callable[..., Intake]
) -> None:
    intake = start(started=False)
    intake.store_event(event(), workspace)
    with database.transaction(EVERY_WORKSPACE) as session:
        (slow,) = inbox.claim(session, 1, 0)
    with database.transaction(EVERY_WORKSPACE) as session:
        (quick,) = inbox.claim(session, 1, 30)
    intake.work(slow)
    assert (handling.seen, effects(database, workspace)) == ([], 0)
    intake.work(quick)
    assert effects(database, workspace) == 1


def test_a_row_taken_away_in_the_middle_saves_nothing(
    database: Database, workspace: str, handling: Handling, start: Callable[..., Intake], admin_url: str
) -> None:
    intake = start(started=False)
    intake.store_event(event(), workspace)
    with database.transaction(EVERY_WORKSPACE) as session:
        (item,) = inbox.claim(session, 1, 30)
    handling.meanwhile = lambda: setattr(item, "attempt", 99)
    intake.work(item)
    assert effects(database, workspace) == 0


def test_what_follows_runs_after_the_commit_and_may_fail(
    database: Database,
    workspace: str,
    handling: Handling,
    start: Callable[..., Intake],
    caplog: pytest.LogCaptureFixture,
) -> None:
    committed: list[int] = []

    def afterwards() -> None:
        committed.append(effects(database, workspace))
        raise RuntimeError("Slack is away")

    handling.afterwards = afterwards
    start().store_event(event(), workspace)
    until(lambda: committed != [] and states(database, workspace) == ["done"])
    assert committed == [1]
    until(lambda: "Slack is away" in caplog.text)


def test_a_persons_request_whose_process_died_is_finished(
    database: Database, workspace: str, handling: Handling, start: Callable[..., Intake]
) -> None:
    with database.transaction(workspace) as session:
        inbox.store(session, kind="command", body={"command": "/deal"}, lease_s=0.3)
    start()
    until(lambda: states(database, workspace) == ["done"])
    assert handling.seen == ["finished command"]


def test_stopping_finishes_what_was_begun_and_begins_nothing(
    database: Database, workspace: str, handling: Handling, start: Callable[..., Intake]
) -> None:
    begun, goes_on = handling.held()
    intake = start(workers=1)
    intake.store_event(event("Ev1"), workspace)
    assert begun.wait(PATIENCE_S)
    intake.store_event(event("Ev2"), workspace)
    stopping = threading.Thread(target=intake.stop, args=(PATIENCE_S,))
    stopping.start()
    until(lambda: intake.workers.stopping)
    goes_on.set()
    stopping.join()
    assert states(database, workspace) == ["done", "pending"]


def test_what_is_not_finished_in_time_is_left_to_its_lease(
    database: Database,
    workspace: str,
    handling: Handling,
    start: Callable[..., Intake],
    caplog: pytest.LogCaptureFixture,
) -> None:
    begun, goes_on = handling.held()
    intake = start(workers=1)
    intake.store_event(event(), workspace)
    assert begun.wait(PATIENCE_S)
    intake.stop(0.1)
    assert states(database, workspace) == ["working"]
    assert "leases will run out" in caplog.text
    goes_on.set()
    until(lambda: states(database, workspace) == ["done"])


def test_what_is_being_stored_is_stored_before_the_connections_are_closed(
    database: Database, workspace: str, start: Callable[..., Intake], monkeypatch: pytest.MonkeyPatch, admin_url: str
) -> None:
    begun, goes_on = threading.Event(), threading.Event()
    store = inbox.store

    def slowly(*given: Any, **values: Any) -> Any:
        if begun.is_set():
            return None
        begun.set()
        assert goes_on.wait(PATIENCE_S)
        return store(*given, **values)

    def is_closed() -> bool:
        try:
            intake.store_event(event("Ev2"), workspace)
        except RuntimeError:
            return True
        return False

    intake = start(store_within_s=PATIENCE_S)
    monkeypatch.setattr(inbox, "store", slowly)
    storing = threading.Thread(target=intake.store_event, args=(event(), workspace))
    storing.start()
    assert begun.wait(PATIENCE_S)
    stopping = threading.Thread(target=intake.stop, args=(PATIENCE_S,))
    stopping.start()
    until(is_closed)
    goes_on.set()
    stopping.join()
    storing.join()
    assert states(database, workspace) == ["pending"]
    until(lambda: sessions(admin_url, "application_name = 'rapport-intake'") == 0)


def test_an_event_that_cannot_be_stored_raises(workspace: str, start: Callable[..., Intake]) -> None:
    with pytest.raises(DBAPIError):
        start(started=False).store_event(event(), "T0UNKNOWN")


@pytest.fixture
def wire(admin_url: str) -> Iterator[SwallowingWire]:
    wire = SwallowingWire(admin_url)
    yield wire
    wire.close()


def test_a_network_that_swallows_bytes_is_answered_in_time_and_forgotten_when_it_is_back(
    database: Database, workspace: str, start: Callable[..., Intake], wire: SwallowingWire
) -> None:
    through = Database(wire.url, pool_size=2)
    intake = start(started=False, database=through)
    intake.store_event(event("Ev1"), workspace)
    wire.swallow = True
    assert STORE_WITHIN_S == 2.5
    for number in range(2):
        # It ends while the bytes are still swallowed.
        with ThreadPoolExecutor(1) as pool:
            storing = pool.submit(stored, intake, event(f"Ev{2 + number}"), workspace)
            assert storing.result(PATIENCE_S) is False
    wire.swallow = False
    until(lambda: stored(intake, event("Ev4"), workspace))
    assert "Ev4" in {row.event_id for row in rows(database, workspace)}
    intake.stop(1)
    through.dispose()


def stored(intake: Intake, body: dict[str, Any], workspace: str) -> bool:
    try:
        intake.store_event(body, workspace)
    except (NotStored, DBAPIError):
        return False
    return True


def test_workers_survive_a_database_that_goes_away(
    database: Database, workspace: str, handling: Handling, start: Callable[..., Intake], admin_url: str
) -> None:
    intake = start()
    intake.store_event(event("Ev0"), workspace)
    until(lambda: states(database, workspace) == ["done"])
    everybody = "FROM pg_stat_activity WHERE pid <> pg_backend_pid() AND datname = current_database()"
    with create_engine(login_url(admin_url), poolclass=NullPool).connect() as admin:
        kicked = admin.execute(text(f"SELECT pg_terminate_backend(pid) {everybody}")).all()
    assert len(kicked) >= 3
    until(lambda: stored(intake, event(), workspace))
    until(lambda: states(database, workspace) == ["done", "done"])
