"""Show that two workspaces in one database never see or change each other's records, whatever their people do."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.grammar.calendar.recurrence import next_time
from bot.registry import Registry
from bot.requests.request import RequestKind
from storage.database.engine import EVERY_WORKSPACE, Base, Database
from storage.queues import due, inbox, outbox, outbox_claims
from storage.queues.inbox import InboxItem
from storage.support import channels
from tests.support.answers import is_failure, text_of
from tests.support.contents import Contents
from tests.support.office import HERE, WORDS, Office, Use, furnish, said

FIRST, SECOND = "T0ACME", "T0OTHER"
CANARY = {FIRST: "quarzwerk", SECOND: "rubinhof"}
"""A word in every record of a workspace that nobody ever types."""
COPIES = {FIRST: 3, SECOND: 1}
PAST = datetime.now(UTC) - timedelta(hours=1)
ORDERS = {"first, then second": (FIRST, SECOND), "second, then first": (SECOND, FIRST)}
LISTS = (
    "/customer find finch", "/customer find fnch", "/customer show finch", "/crm find finch", "/crm find fiona",
    "/deal list", "/deal list sort:-amount", "/deal list customer:finch", "/ticket list", "/ticket list customer:C-1",
    "/ticket list customer:finch", "/followup list", "/followup list owner:<@UADMIN>", "/digest now",
    "/digest now pipeline period:month", "/digest now support", "/digest list", "/crm renewal list", "/crm setup",
    "/crm history finch", *(f"/digest explain {word} period:month" for word in (
        "open", "new", "won", "lost", "stalled", "overdue", "opened", "resolved", "backlog", "unanswered",
    )),
)  # fmt: skip
REFERENCES = [f"{letter}-{number}" for letter in "CDTPFG" for number in (1, 2, 3)]
SHOWS = {"C": "/customer show", "D": "/deal show", "T": "/ticket show"}


@pytest.fixture
def one_connection(admin_url: str) -> Iterator[Database]:
    """Open the database with a single connection, which everybody's transactions use in turn."""
    database = Database(admin_url, pool_size=1)
    yield database
    database.dispose()


@pytest.fixture
def both(database: Database, workspace: str, second_workspace: str) -> tuple[str, str]:
    """Furnish two workspaces alike, the first with more of everything."""
    for one in (workspace, second_workspace):
        with database.transaction(one) as session:
            channels.seen(session, HERE, name="here")
        furnish(database, one, CANARY[one], COPIES[one])
    return workspace, second_workspace


@pytest.fixture
def office(one_connection: Database, registry: Registry, both: tuple[str, str]) -> Office:
    """Return what handles the requests of both."""
    return Office(one_connection, registry)


def typed(line: str) -> Use:
    """Return the use of a line that is typed."""
    slash, _space, rest = line.partition(" ")
    return Use("command", line, "viewer", RequestKind.COMMAND, {"command": slash, "text": rest, "channel_id": HERE})


def lines(office: Office) -> list[Use]:
    """Return what only looks, by name, by every reference there is in either, and without any."""
    found = [typed(line) for line in LISTS]
    for reference in REFERENCES:
        found += [typed(f"/crm history {reference}"), typed(f"/crm find {reference}")]
        if reference[0] in SHOWS:
            found.append(typed(f"{SHOWS[reference[0]]} {reference}"))
    for source in office.registry.sources.values():
        for query in ("", "f", "finch", "fnch", "C-1", "C-3", "D-2", "quarz", "rubin"):
            body = {"action_id": source.id, "value": query}
            found.append(Use("options", source.id, source.role.value, RequestKind.OPTIONS, body))
    return found


def other(workspace: str) -> str:
    """Return the one that is not this."""
    return SECOND if workspace == FIRST else FIRST


def heard(office: Office, use: Use, workspace: str) -> str:
    """Return what an admin of a workspace hears."""
    return said(office.does(use, workspace, "UADMIN")).casefold()


@pytest.mark.parametrize("order", ORDERS)
def test_nobody_is_shown_anything_of_the_other_workspace(office: Office, order: str) -> None:
    shown = dict.fromkeys(CANARY, 0)
    for use in lines(office):
        for workspace in ORDERS[order]:
            answer = heard(office, use, workspace)
            assert CANARY[other(workspace)] not in answer, (workspace, use.name)
            shown[workspace] += CANARY[workspace] in answer
    # Without what is one's own in most answers, it would say nothing that nothing else is.
    assert shown[FIRST] > 60
    assert shown[SECOND] > 30


@pytest.mark.parametrize(("first", "number"), [(FIRST, 3), (SECOND, 1)])
def test_no_use_of_any_handler_shows_or_changes_the_other_workspace(
    office: Office, contents: Contents, first: str, number: int
) -> None:
    words = {**WORDS, "D-88": f"D-{number}", "T-1042": f"T-{number}"}
    for workspace in (first, other(first)):
        before = contents.of(other(workspace))
        for use in office.uses(workspace, "UADMIN", words=words, number=number):
            assert CANARY[other(workspace)] not in heard(office, use, workspace), (workspace, use.name)
        for _time in range(5):
            assert CANARY[other(workspace)] not in heard(office, typed("/crm undo"), workspace)
        assert contents.of(other(workspace)) == before


@pytest.mark.parametrize("order", ORDERS)
def test_the_home_shows_ones_own(office: Office, order: str) -> None:
    for workspace in ORDERS[order] * 2:
        drawn = str([b.to_dict() for b in office.home.draw(office.people.find(workspace, "UADMIN"))])
        assert CANARY[workspace] in drawn
        assert CANARY[other(workspace)] not in drawn


def test_what_is_only_in_the_first_is_unknown_in_the_second(office: Office) -> None:
    for line in ("/customer show C-3", "/deal show D-3", "/ticket show T-3", "/deal won D-2", "/ticket note T-2 seen"):
        assert not is_failure(office.does(typed(line), FIRST, "UADMIN"))
        answer = office.does(typed(line), SECOND, "UADMIN")
        assert is_failure(answer), line
        assert "on our side" not in text_of(answer)


def test_undo_takes_back_ones_own_though_another_did_something_later(office: Office) -> None:
    office.does(typed("/customer add Heron in the second"), SECOND, "UADMIN")
    office.does(typed("/customer add Heron in the first"), FIRST, "UADMIN")
    assert "heron in the second" in heard(office, typed("/crm undo"), SECOND)
    assert "heron in the first" in heard(office, typed("/customer find heron"), FIRST)
    assert "heron in" not in heard(office, typed("/customer find heron"), SECOND)


def test_a_request_of_one_is_no_repetition_of_the_others(office: Office) -> None:
    request = typed("/customer add Egret").by(FIRST, "UADMIN")
    for workspace in (FIRST, SECOND, FIRST, SECOND):
        assert not is_failure(office.runtime.perform(replace(request, workspace_id=workspace)))
    for workspace in (FIRST, SECOND):
        with office.database.transaction(workspace) as session:
            assert session.scalar(text("SELECT count(*) FROM customer WHERE name = 'Egret'")) == 1


def tables(rls: str) -> list[str]:
    """Return the tables whose rows are of one sort."""
    return [t.fullname for t in Base.metadata.sorted_tables if t.info.get("rls") == rls]


def test_who_claims_for_everybody_reads_no_records(one_connection: Database, both: tuple[str, str]) -> None:
    assert {"customer", "deal", "ticket", "note", "member", "workspace", "change_set"} <= set(tables("tenant"))
    for workspace in (*both, *reversed(both)):
        with one_connection.transaction(workspace) as session:
            assert session.scalar(text("SELECT count(*) FROM customer")) == COPIES[workspace]
        with one_connection.transaction(EVERY_WORKSPACE) as session:
            for table in tables("tenant"):
                assert session.scalar(text(f"SELECT count(*) FROM {table}")) == 0, table
            assert set(session.scalars(text("SELECT workspace_id FROM installation"))) == set(both)


def test_no_setting_is_left_on_a_connection(one_connection: Database, both: tuple[str, str]) -> None:
    for workspace in (*both, EVERY_WORKSPACE):
        with one_connection.transaction(workspace):
            pass
        with pytest.raises(ZeroDivisionError), one_connection.transaction(workspace):
            raise ZeroDivisionError
        with one_connection.engine.connect() as connection:
            assert not connection.scalar(text("SELECT current_setting('rapport.workspace', true)"))
            assert connection.scalar(text("SELECT count(*) FROM customer")) == 0
            assert connection.scalar(text("SELECT count(*) FROM installation")) == 0


def seen_by(session: Session) -> set[str]:
    """Return which workspaces' customers a transaction sees."""
    return set(session.scalars(text("SELECT workspace_id FROM customer")))


def test_events_are_handled_in_their_own_workspace(one_connection: Database, both: tuple[str, str]) -> None:
    for number in range(3):
        for workspace in both:
            with one_connection.transaction(workspace) as session:
                inbox.store(session, kind="message", body={"of": workspace}, event_id=f"Ev{number}")
    with one_connection.transaction(EVERY_WORKSPACE) as session:
        items: list[InboxItem] = list(inbox.claim(session, 10, 60))
        assert sorted(item.workspace_id for item in items) == sorted([*both] * 3)
    for item in items:
        assert item.body == {"of": item.workspace_id}
        with one_connection.transaction(other(item.workspace_id)) as session:
            assert not inbox.hold(session, item)
            assert not inbox.done(session, item)
            assert not inbox.dead(session, item, "stolen")
        with one_connection.transaction(item.workspace_id) as session:
            assert inbox.hold(session, item)
            assert seen_by(session) == {item.workspace_id}
            assert inbox.done(session, item)


def test_deliveries_are_sent_by_their_own_workspace(one_connection: Database, both: tuple[str, str]) -> None:
    for workspace in both:
        with one_connection.transaction(workspace) as session:
            outbox.enqueue(
                session, target_user="UREP", renderer="core.answer", record="C-1", payload={"of": workspace},
                dedupe_key="the same",
            )  # fmt: skip
    with one_connection.transaction(EVERY_WORKSPACE) as session:
        rows = [row for row in outbox_claims.claim(session, 10, 60) if row.target_user == "UREP"]
    assert sorted(row.workspace_id for row in rows) == sorted(both)
    for row in rows:
        assert row.payload == {"of": row.workspace_id}
        with one_connection.transaction(other(row.workspace_id)) as session:
            assert not outbox_claims.mark_sent(session, row, channel="C1", ts="1.0")
            assert not outbox_claims.dead(session, row, "stolen")
        with one_connection.transaction(row.workspace_id) as session:
            assert seen_by(session) == {row.workspace_id}
            assert outbox_claims.mark_sent(session, row, channel="C1", ts="1.0")


def test_what_falls_due_is_delivered_and_done_in_its_own_workspace(
    one_connection: Database, both: tuple[str, str]
) -> None:
    for workspace in both:
        with one_connection.transaction(workspace) as session:
            due.schedule(
                session, "reminder", "F-1", at=PAST, zone="UTC", target_user="UADMIN", renderer="followups.reminder",
                payload={"of": workspace},
            )  # fmt: skip
            due.schedule(session, "job:x.y", "x.y", at=PAST, zone="UTC", recurrence="FREQ=DAILY;09:00")
    with one_connection.transaction(EVERY_WORKSPACE) as session:
        assert due.materialise(session, 10, next_time=next_time) == 2
        jobs = due.claim_jobs(session, 10, 60)
    assert sorted(job.workspace_id for job in jobs) == sorted(both)
    for job in jobs:
        with one_connection.transaction(other(job.workspace_id)) as session:
            assert not due.hold(session, job)
            assert not due.finish(session, job, next_time=next_time)
        with one_connection.transaction(job.workspace_id) as session:
            assert due.hold(session, job)
            assert seen_by(session) == {job.workspace_id}
            assert due.finish(session, job, next_time=next_time)
            sent = session.scalars(text("SELECT payload->>'of' FROM outbox")).all()
            assert set(sent) - {None} == {job.workspace_id}
