"""Show over random histories that clocks are what a plain count of minutes says, and the same when set from nothing."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.support import sla, tickets
from storage.support.sla import FIRST_RESPONSE, KINDS, SlaClock
from storage.support.tickets import DONE, Ticket
from tests.support.service_desk import MONDAY, OFFICE

MINUTE = timedelta(minutes=1)
LONG = 60 * 24 * 21
WEEKS = {"office": OFFICE, "always": (None,) * 7, "night": ((0, 360),) * 7}
TIERS = (None, "gold")
PRIORITIES = ("normal", "urgent")

spans = st.integers(1, 900)
promises = st.tuples(
    st.sampled_from([None, *PRIORITIES]), st.sampled_from(TIERS), st.integers(1, 900), st.integers(1, 900)
)
steps = st.one_of(
    st.tuples(st.just("status"), st.sampled_from(["open", "waiting", "resolved", "closed"])),
    st.tuples(st.just("answer"), st.none()),
    st.tuples(st.just("priority"), st.sampled_from(PRIORITIES)),
    st.tuples(st.just("tier"), st.sampled_from(TIERS)),
    st.tuples(st.just("hours"), st.sampled_from(sorted(WEEKS))),
    st.tuples(st.just("promise"), promises),
)
histories = st.lists(st.tuples(spans, steps), max_size=12)


@dataclass
class Model:
    """Count minutes one by one, by what was true of the ticket in each."""

    ticket: dict[str, Any] = field(
        default_factory=lambda: {"status": "new", "priority": "normal", "tier": None, "answered": None, "done": None}
    )
    hours: str = "always"
    promises: dict[tuple[str | None, str | None], tuple[int, int]] = field(default_factory=dict)
    paused: list[bool] = field(default_factory=list)
    judged: dict[str, dict[str, Any]] = field(default_factory=dict)

    def pass_to(self, minute: int) -> None:
        stopped = self.ticket["status"] in {"waiting", *DONE}
        self.paused += [stopped] * (minute - len(self.paused))

    def target(self, kind: str) -> int | None:
        priority, tier = self.ticket["priority"], self.ticket["tier"]
        found = [
            (-(p is not None) - (t is not None), both[KINDS.index(kind)])
            for (p, t), both in self.promises.items()
            if p in {None, priority} and t in {None, tier}
        ]
        return min(found)[1] if found else None

    def judge(self, now: int, *, opening: bool = False) -> None:
        for kind in KINDS:
            met = self.ticket["done"]
            if kind == FIRST_RESPONSE and self.ticket["answered"] is not None:
                met = self.ticket["answered"]
            known, target = self.judged.get(kind), self.target(kind)
            if known is not None and met is not None and known["met"] == met:
                continue
            if target is None or (known is None and met is not None and not opening):
                self.judged.pop(kind, None)
                continue
            self.judged[kind] = self.count(target, met, now)

    def count(self, target: int, met: int | None, now: int) -> dict[str, Any]:
        runs = met is None and self.ticket["status"] not in {"waiting", *DONE}
        end = now if met is None else met
        used = worked = minute = 0
        missed: int | None = None
        while minute < end or (runs and missed is None):
            if works(self.hours, minute) and not (minute < len(self.paused) and self.paused[minute]):
                worked += 1
                used += minute < end
                if worked == target:
                    missed = minute + 1
            minute += 1
            assert minute < LONG, "it never ends"
        late = missed is not None and missed < end
        return {"met": met, "due": missed if runs else None, "breached": missed if late else None, "used": used}


def works(hours: str, minute: int) -> bool:
    at = MONDAY + minute * MINUTE
    span = WEEKS[hours][at.weekday()]
    return hours == "always" or (span is not None and span[0] <= at.hour * 60 + at.minute < span[1])


def moment(minute: int | None) -> datetime | None:
    return None if minute is None else MONDAY + minute * MINUTE


@contextmanager
def forgotten(session: Session) -> Iterator[None]:
    """Undo an example in the database."""
    example = session.begin_nested()
    try:
        yield
    finally:
        example.rollback()
        session.expire_all()


def take(session: Session, ticket: Ticket, model: Model, step: tuple[str, Any], minute: int) -> None:
    """Do one thing to the ticket and to the model."""
    now = MONDAY + minute * MINUTE
    match step:
        case "status", status:
            tickets.set_status(session, ticket, status)
            model.ticket["status"] = status
            model.ticket["done"] = (
                None if status not in DONE else minute if model.ticket["done"] is None else model.ticket["done"]
            )
            ticket.resolved_at = moment(model.ticket["done"])
        case "answer", _:
            tickets.responded(session, ticket, now)
            model.ticket["answered"] = minute if model.ticket["answered"] is None else model.ticket["answered"]
            model.ticket["status"] = ticket.status
        case "priority", priority:
            tickets.set_priority(session, ticket, priority)
            model.ticket["priority"] = priority
        case "tier", tier:
            assert ticket.customer is not None
            customers.update(session, ticket.customer, tier=tier or "")
            model.ticket["tier"] = tier
        case "hours", hours:
            sla.set_hours(session, WEEKS[hours], zone="UTC")
            model.hours = hours
        case "promise", (priority, tier, answer, resolve):
            sla.set_target(
                session, priority=priority, tier=tier, first_response_minutes=answer, resolution_minutes=resolve
            )
            model.promises[priority, tier] = (answer, resolve)
    session.flush()
    if step[0] in {"hours", "promise"}:
        sla.recount(session, now)
        if model.ticket["done"] is None:
            model.judge(minute)
    else:
        sla.changed(session, ticket, now)
        model.judge(minute)


def read(clocks: list[SlaClock]) -> dict[str, dict[str, Any]]:
    return {
        clock.kind: {
            "met": clock.met_at,
            "due": clock.due_at,
            "breached": clock.breached_at,
            "running": clock.running_since,
            "used": clock.used_seconds,
            "target": clock.target_minutes,
        }
        for clock in clocks
    }


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(histories, st.lists(promises, max_size=2), st.sampled_from(sorted(WEEKS)))
def test_clocks_are_what_counting_says_and_the_same_when_set_from_nothing(
    session: Session, history: list[tuple[int, tuple[str, Any]]], first: list[Any], hours: str
) -> None:
    with forgotten(session):
        model, minute = Model(), 0
        sla.set_hours(session, WEEKS[hours], zone="UTC")
        model.hours = hours
        for priority, tier, answer, resolve in first:
            sla.set_target(
                session, priority=priority, tier=tier, first_response_minutes=answer, resolution_minutes=resolve
            )
            model.promises[priority, tier] = (answer, resolve)
        ticket = tickets.add(session, name="Login fails", customer_id=customers.add(session, name="Acme").id)
        ticket.created_at = MONDAY
        session.flush()
        sla.opened(session, ticket, MONDAY)
        model.judge(0, opening=True)
        for span, step in history:
            minute += span
            model.pass_to(minute)
            take(session, ticket, model, step, minute)
            found = {
                kind: (one["met"], one["due"], one["breached"])
                for kind, one in read(sla.of_ticket(session, ticket.id)).items()
            }
            expected = {
                kind: (moment(one["met"]), moment(one["due"]), moment(one["breached"]))
                for kind, one in model.judged.items()
            }
            assert found == expected
            stopped = {c.kind: c.used_seconds for c in sla.of_ticket(session, ticket.id) if c.running_since is None}
            assert stopped == {kind: 60 * model.judged[kind]["used"] for kind in stopped}

        now = MONDAY + minute * MINUTE
        sla.changed(session, ticket, now)
        running = read(sla.of_ticket(session, ticket.id))
        session.execute(delete(SlaClock).execution_options(synchronize_session="fetch"))
        rebuilt = read(sla.opened(session, ticket, now))
        promised_once = not any(step[0] in {"hours", "promise", "priority", "tier"} for _, step in history)
        for kind, clock in running.items():
            # What was met was judged by the promise of that time, which is not kept.
            if clock["met"] is None or promised_once:
                assert rebuilt[kind] == clock
