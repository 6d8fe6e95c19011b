"""Show that a ticket's clocks run while it is ours to act, in business time, whatever happens to it."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.database.engine import Database
from storage.digests import metrics
from storage.digests.metrics import Metric, Period
from storage.errors import Invalid
from storage.events import TicketRemoved, drain
from storage.queues import due
from storage.records import history
from storage.records.query import parse_query
from storage.support import sla, tickets
from storage.support.sla import FIRST_RESPONSE, RESOLUTION
from storage.support.tickets import Ticket
from storage.support.tickets.merging import merge
from tests.support.filter_values import Said
from tests.support.service_desk import MONDAY, OFFICE, answered, at, becomes, clock, opened, planned


@pytest.fixture
def promised(session: Session) -> Session:
    """Promise an answer within two hours and a solution within ten, in office hours."""
    sla.set_hours(session, OFFICE, zone="UTC")
    sla.set_target(session, first_response_minutes=120, resolution_minutes=600)
    return session


def merged(session: Session, ticket: Ticket, into: Ticket) -> None:
    with history.recording(session, actor_id="UAGENT", source="slash"):
        merge(session, ticket, into)
    for one in (ticket, into):
        sla.changed(session, one, at(4))


def test_without_a_promise_there_is_no_clock(session: Session) -> None:
    ticket = opened(session)
    becomes(session, ticket, "waiting", at(1))
    assert sla.of_ticket(session, ticket.id) == []


def test_both_clocks_start_with_the_ticket(promised: Session) -> None:
    ticket = opened(promised)
    first, resolution = sla.of_ticket(promised, ticket.id)
    assert (first.kind, first.due_at, first.target_minutes) == (FIRST_RESPONSE, at(2), 120)
    # Eight hours on Monday, two on Tuesday.
    assert (resolution.kind, resolution.due_at, resolution.priority) == (RESOLUTION, at(26), "normal")
    assert (resolution.running_since, resolution.used_seconds, resolution.breached_at) == (MONDAY, 0, None)


def test_an_answer_meets_the_first_a_solution_the_second(promised: Session) -> None:
    ticket = opened(promised)
    answered(promised, ticket, at(1))
    first = clock(promised, ticket, FIRST_RESPONSE)
    assert (first.met_at, first.due_at, first.used_seconds, first.breached_at) == (at(1), None, 3600, None)
    becomes(promised, ticket, "resolved", at(30))
    resolution = clock(promised, ticket)
    assert (resolution.met_at, resolution.breached_at, resolution.used_seconds) == (at(30), at(26), 14 * 3600)


def test_who_solves_without_a_word_has_answered(promised: Session) -> None:
    ticket = opened(promised)
    becomes(promised, ticket, "resolved", at(1))
    assert clock(promised, ticket, FIRST_RESPONSE).met_at == at(1)
    becomes(promised, ticket, "open", at(3))
    assert clock(promised, ticket, FIRST_RESPONSE).due_at == at(4)


def test_waiting_for_the_customer_stops_them(promised: Session) -> None:
    ticket = opened(promised)
    becomes(promised, ticket, "waiting", at(2))
    resolution = clock(promised, ticket)
    assert (resolution.running_since, resolution.due_at, resolution.used_seconds) == (None, None, 7200)
    becomes(promised, ticket, "open", at(24))
    assert clock(promised, ticket).due_at == at(24 + 8)
    becomes(promised, ticket, "waiting", at(24))
    becomes(promised, ticket, "open", at(25))
    assert clock(promised, ticket).due_at == at(48 + 1)


def test_tickets_are_found_by_what_was_promised_of_them(promised: Session) -> None:
    def found(typed: str) -> list[Ticket]:
        where = parse_query(typed).where(promised, tickets.TICKET.filters, Said())
        return tickets.list_tickets(promised, *where)

    silent, told, waits, solved, new = (opened(promised, at(hours)) for hours in (0, 0, 0, 0, 48))
    answered(promised, told, at(1))
    becomes(promised, waits, "waiting", at(30))
    becomes(promised, solved, "resolved", at(1))
    assert found("promised<2026-11-23") == []
    assert found("promised:2026-11-23") == [silent], "an answer until eleven"
    assert found("promised<2026-11-25") == found("promised<=2026-11-24") == [silent, told]
    assert found("promised!=none") == [silent, told, new]
    assert found("promised:none") == [waits]
    assert tickets.TICKET.filters.words["overdue"] == "promised<now"
    with pytest.raises(Invalid):
        parse_query("sort:promised").order_by(tickets.TICKET.filters)


def test_a_ticket_opened_again_goes_on_where_it_stopped(promised: Session) -> None:
    ticket = opened(promised)
    becomes(promised, ticket, "resolved", at(4))
    assert clock(promised, ticket).met_at == at(4)
    becomes(promised, ticket, "closed", at(4))
    becomes(promised, ticket, "open", at(24))
    again = clock(promised, ticket)
    assert (again.met_at, again.used_seconds, again.due_at) == (None, 4 * 3600, at(30))


def test_a_change_of_priority_tier_or_hours_counts_from_the_beginning(promised: Session) -> None:
    sla.set_target(promised, priority="urgent", resolution_minutes=180)
    sla.set_target(promised, tier="gold", resolution_minutes=60)
    acme = customers.add(promised, name="Acme")
    ticket = opened(promised, customer_id=acme.id)
    tickets.set_priority(promised, ticket, "urgent")
    sla.changed(promised, ticket, at(1))
    assert (clock(promised, ticket).due_at, clock(promised, ticket).priority) == (at(3), "urgent")
    customers.update(promised, acme, tier="gold")
    sla.changed_customer(promised, acme.id, at(2))
    late = clock(promised, ticket)
    assert (late.due_at, late.breached_at) == (at(1), at(1))
    tickets.set_priority(promised, ticket, "normal")
    customers.update(promised, acme, tier="")
    sla.changed_customer(promised, acme.id, at(2))
    assert (clock(promised, ticket).due_at, clock(promised, ticket).breached_at) == (at(26), None)
    sla.set_hours(promised, [None] * 7)
    assert sla.recount(promised, at(2)) is None
    assert clock(promised, ticket).due_at == at(10)


def test_what_was_met_is_not_judged_by_a_later_promise(promised: Session) -> None:
    ticket = opened(promised)
    answered(promised, ticket, at(1))
    sla.set_target(promised, first_response_minutes=10, resolution_minutes=300)
    sla.recount(promised, at(2))
    first, resolution = sla.of_ticket(promised, ticket.id)
    assert (first.breached_at, first.target_minutes) == (None, 120)
    assert resolution.due_at == at(5)


def test_a_promise_made_later_counts_for_what_is_open(session: Session) -> None:
    ticket = opened(session)
    becomes(session, ticket, "waiting", at(1))
    becomes(session, ticket, "open", at(2))
    answered(session, ticket, at(3))
    sla.set_target(session, first_response_minutes=60, resolution_minutes=240)
    sla.recount(session, at(4))
    assert [(one.kind, one.due_at) for one in sla.of_ticket(session, ticket.id)] == [(RESOLUTION, at(5))]
    assert set(planned(session)) == {"sla_warning", "sla_breach", "sla_escalation"}
    sla.remove_target(session)
    sla.recount(session, at(4))
    assert sla.of_ticket(session, ticket.id) == []
    assert planned(session) == {}


def test_a_target_of_today_does_not_judge_the_past(promised: Session) -> None:
    """Count what was late by the target of its time, and nothing that only a later target makes late."""
    early, late = opened(promised), opened(promised)
    sla.changed(promised, late, at(0))
    period = Period(at(0), at(8))

    def counted() -> int:
        return metrics.count(promised, Metric.FIRST_ANSWERS_LATE, period)

    assert counted() == 2  # both wait, and were to be answered at 2
    answered(promised, early, at(1))
    assert counted() == 1
    sla.set_target(promised, first_response_minutes=30, resolution_minutes=60)
    sla.recount(promised, at(1.5))
    assert counted() == 0  # the promise of half an hour is younger than that half hour, and replaced that of two
    assert metrics.count(promised, Metric.RESOLUTIONS_LATE, period) == 0
    assert sum(one.breached for one in sla.outcomes(promised, since=at(0), until=at(8))) == 0
    third = opened(promised, at(2))
    sla.changed(promised, third, at(2))
    assert counted() == 1
    sla.set_target(promised, first_response_minutes=20)
    sla.recount(promised, at(4))
    assert counted() == 1  # what was late by the promise before stays so


def test_many_open_tickets_are_set_anew_in_parts(session: Session) -> None:
    made = [opened(session, priority=priority) for priority in ("low", "urgent", "normal", "urgent", "high")]
    sla.set_target(session, resolution_minutes=60)
    after, runs = sla.recount(session, at(0), limit=2), 1
    while after is not None:
        after, runs = sla.recount(session, at(0), after=after, limit=2), runs + 1
    assert runs == 3
    assert all(clock(session, ticket).due_at == at(1) for ticket in made)


def test_what_is_no_request_has_no_clock(promised: Session) -> None:
    ticket = opened(promised)
    tickets.dismiss(promised, ticket, category="chatter", actor_id=None)
    sla.changed(promised, ticket, at(1))
    assert sla.of_ticket(promised, ticket.id) == []
    assert planned(promised) == {}
    becomes(promised, ticket, "open", at(2))
    # Real time has passed between the two, which the pause began with.
    assert clock(promised, ticket).due_at is not None


def test_merged_tickets_keep_the_earlier_clock(promised: Session) -> None:
    early, late = opened(promised), opened(promised, at(3))
    becomes(promised, early, "waiting", at(1))
    merged(promised, early, late)
    assert sla.of_ticket(promised, early.id) == []
    kept = clock(promised, late)
    # An hour until it waited, and all since the second was asked.
    assert (kept.started_at, kept.used_seconds, kept.due_at) == (MONDAY, 3600, at(24 + 4))
    early.merged_into_id = None
    becomes(promised, early, "open", at(5))
    sla.changed(promised, late, at(5))
    assert clock(promised, late).started_at == at(3)


def test_the_later_of_two_changes_nothing_where_it_is_merged(promised: Session) -> None:
    early, late = opened(promised), opened(promised, at(3))
    merged(promised, late, early)
    assert clock(promised, early).due_at == at(26)
    assert sla.of_ticket(promised, late.id) == []


def test_a_ticket_that_was_undone_is_spoken_of_no_more(promised: Session) -> None:
    with history.recording(promised, actor_id="UAGENT", source="slash"):
        opened(promised)
    drain(promised)
    assert planned(promised)
    with history.recording(promised, actor_id="UAGENT", source="slash"):
        history.undo(promised, "UAGENT")
    (fact,) = [fact for fact in drain(promised) if isinstance(fact, TicketRemoved)]
    sla.removed(promised, fact)
    assert planned(promised) == planned(promised, FIRST_RESPONSE) == {}


def test_a_change_asks_for_a_recount_and_goes_on_where_it_stopped(session: Session) -> None:
    sla.set_target(session, first_response_minutes=60)
    row = due.get(session, "job:sla.recount", "sla.recount")
    assert row is not None
    assert (row.payload, row.is_job) == ({}, True)
    sla.recount_soon(session, after=(2, 77))
    again = due.get(session, "job:sla.recount", "sla.recount")
    assert again is not None
    assert again.payload == {"after": [2, 77]}


def test_outcomes_and_what_runs_late(promised: Session) -> None:
    kept, missed, running, urgent = (opened(promised, priority=p) for p in ("normal", "normal", "low", "urgent"))
    for ticket, hours in ((kept, 1), (missed, 5)):
        answered(promised, ticket, at(hours))
        becomes(promised, ticket, "resolved", at(6))
    answered(promised, urgent, at(1))
    assert [one.ticket_id for one in sla.late(promised, until=at(2.5), limit=5)] == [running.id]
    assert [one.kind for one in sla.late(promised, until=at(30), limit=5)] == [
        FIRST_RESPONSE,
        RESOLUTION,
        RESOLUTION,
    ]
    found = {
        (one.kind, one.priority): (one.met, one.breached)
        for one in sla.outcomes(promised, since=MONDAY, until=MONDAY + timedelta(days=1))
    }
    assert found == {
        (FIRST_RESPONSE, "urgent"): (1, 0),
        (FIRST_RESPONSE, "normal"): (1, 1),
        (FIRST_RESPONSE, "low"): (0, 1),
        (RESOLUTION, "normal"): (2, 0),
    }
    assert sla.outcomes(promised, since=at(100), until=at(101)) == []
    one = sla.get(promised, running.id, FIRST_RESPONSE)
    assert one is not None
    assert one.ticket is running
    assert sla.get(promised, kept.id + 100, RESOLUTION) is None


def test_two_that_change_a_ticket_at_once_start_one_clock(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        ticket_id = opened(session, customer_id=customers.add(session, name="Acme").id).id
        sla.set_target(session, resolution_minutes=60)

    def change(_: int) -> None:
        with database.transaction(workspace) as session:
            sla.changed(session, tickets.get(session, ticket_id), at(0.5))
            time.sleep(0.05)
            sla.changed_customer(session, 1, at(0.5))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(change, range(4)))
    with database.transaction(workspace) as session:
        assert [one.due_at for one in sla.of_ticket(session, ticket_id)] == [at(1)]
        assert planned(session)["sla_breach"][0] == at(1)


def test_two_workspaces_do_not_see_each_others_clocks(
    database: Database, workspace: str, second_workspace: str
) -> None:
    with database.transaction(workspace) as session:
        sla.set_target(session, resolution_minutes=60)
        opened(session)
    with database.transaction(second_workspace) as session:
        ticket = opened(session)
        assert sla.of_ticket(session, ticket.id) == []
        assert sla.late(session, until=at(1000), limit=5) == []
        assert sla.outcomes(session, since=at(-1000), until=at(1000)) == []
        assert planned(session) == {}
