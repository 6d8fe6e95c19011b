"""Show, against a plain model, that whatever happens in whatever order each reminder is seen once and in time.

Follow-ups are made, edited, put off and closed while processes die, Slack fails and time passes or jumps. A reminder
that became due is seen within five minutes of its time, or of the last trouble, and never twice; one that was put off
or closed before it was seen never is, and in its reader's quiet hours only what Slack may have had already.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, ClassVar
from uuid import UUID

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)
from sqlalchemy import select

from bench.torture import kill_points
from bench.torture.kill_points import POINTS, die_at
from bot.delivery.renderer import Renderings
from bot.delivery.sender import Sender
from bot.registry import load
from bot.schedule.clock import Clock
from sandbox.server import Sandbox
from storage.crm import followups
from storage.database.engine import Database
from storage.notifications import preferences
from storage.queues import outbox
from storage.workspace.members import Member, MemberKind
from storage.workspace.workspaces import Installation, Workspace
from tests.support.cluster import FORGET, connect
from tests.support.deliveries import OURS, slack, start
from tests.support.waiting import until

__all__ = ["slack", "start"]  # fixtures

PEOPLE = ("UAREP", "UAAGENT", "UAMANAGER")
LATE_S = 0.04
FAULTS: tuple[dict[str, Any], ...] = (
    {"kind": "reset"},
    {"kind": "reset_after"},
    {"kind": "late", "seconds": LATE_S},
    {"kind": "server_error", "stored": True},
    {"kind": "error", "code": "internal_error", "stored": True},
    {"kind": "error", "code": "service_unavailable"},
    {"kind": "rate_limit", "retry_after": 1},
    {"kind": "rate_limit", "retry_after": 20},
)
# The middle of a request is a matter of real time; tests/bot/delivery/test_kills.py has it.
DEATHS = tuple(point for point in POINTS if point != "mid-request")
WITHIN = timedelta(minutes=5)
STEP_S = 30
SOON = st.sampled_from([1, 40, 200, 900, 5000])

# Everything that has a time becomes older: what a clock that goes forward would do.
SHIFT = """
DO $$ DECLARE span interval := make_interval(secs => {seconds}); BEGIN
    UPDATE outbox SET not_before = not_before - span, lease_until = lease_until - span, sent_at = sent_at - span,
        first_attempt_at = first_attempt_at - span, check_at = check_at - span, created_at = created_at - span,
        unreadable_since = unreadable_since - span, held_at = held_at - span,
        payload = payload || jsonb_build_object('due_at', (payload->>'due_at')::timestamptz - span);
    UPDATE due SET at = at - span;
    UPDATE followup SET due_at = due_at - span;
    UPDATE outbox_pause SET until = until - span, full_at = full_at - span;
END $$
"""


class Killed(BaseException):
    """The process is gone."""


@dataclass
class Promise:
    """Hold what the model knows of a follow-up: when it is `due` now, and which earlier times were seen."""

    due: datetime
    who: str
    open: bool = True
    were: set[datetime] = field(default_factory=set)


@dataclass
class Place:
    """Hold where the machine works."""

    database: Database
    admin_url: str
    slack: Sandbox
    replicas: list[Sender]
    clock: Clock
    armed: list[str]


class Reminders(RuleBasedStateMachine):
    """Do to follow-ups, processes, Slack and time what may be done to them."""

    place: ClassVar[Place]

    def __init__(self) -> None:
        super().__init__()
        self.promises: dict[str, Promise] = {}
        self.ahead = timedelta()
        self.trouble = self.now
        self.quiet: dict[str, Counter[tuple[str, datetime]]] = {}

    @property
    def now(self) -> datetime:
        """Return the machine's time, which goes ahead of the real one; the database's times go back instead."""
        return datetime.now(UTC) + self.ahead

    @initialize()
    def begin(self) -> None:
        """Forget the run before."""
        self.place.armed.clear()
        self.place.slack.core.faults.clear()
        self.place.slack.core.world.workspace.messages.clear()
        with closing(connect(self.place.admin_url)) as connection:
            connection.execute(FORGET)
        with self.place.database.transaction(OURS) as session:
            session.add(Workspace(id=OURS, name="Northwind"))
            session.flush()
            session.add(Installation(workspace_id=OURS, sealed_token="sealed", key_id="1"))
            session.add_all(
                Member(workspace_id=OURS, id=one, name=one, roles=[], kind=MemberKind.STAFF, zone="UTC")
                for one in PEOPLE
            )

    @rule(after=SOON, who=st.sampled_from(PEOPLE))
    def create(self, after: int, who: str) -> None:
        at = self.now + timedelta(seconds=after)
        with self.place.database.transaction(OURS) as session:
            made = followups.add(session, text="Call back", due_at=at - self.ahead, zone="UTC", owner_id=who)
            self.promises[made.reference] = Promise(at, who)

    @precondition(lambda self: self.promises)
    @rule(which=st.integers(0, 9))
    def edit(self, which: int) -> None:
        with self.place.database.transaction(OURS) as session:
            followups.resolve(session, self.pick(which)).text = "Call back, it is urgent"

    @precondition(lambda self: self.promises)
    @rule(which=st.integers(0, 9), after=SOON)
    def snooze(self, which: int, after: int) -> None:
        promise = self.promises[reference := self.pick(which)]
        if promise.open:
            self.put_aside(reference)
            promise.due = self.now + timedelta(seconds=after)
            with self.place.database.transaction(OURS) as session:
                followups.snooze(session, followups.resolve(session, reference), promise.due - self.ahead)

    @precondition(lambda self: self.promises)
    @rule(which=st.integers(0, 9))
    def close(self, which: int) -> None:
        promise = self.promises[reference := self.pick(which)]
        if promise.open:
            self.put_aside(reference)
            promise.open = False
            with self.place.database.transaction(OURS) as session:
                followups.done(session, followups.resolve(session, reference))

    @rule()
    def what_is_due_is_written(self) -> None:
        self.place.clock.materialise()

    @rule(who=st.integers(0, 1))
    def tick(self, who: int) -> None:
        self.turn(who)

    @rule(point=st.sampled_from(DEATHS), who=st.integers(0, 1))
    def kill(self, point: str, who: int) -> None:
        self.jump(2 * STEP_S)  # so that there is something to die of
        self.place.armed.append(point)
        with suppress(Killed):
            self.turn(who)
        self.place.armed.clear()
        self.trouble = self.now

    @rule(fault=st.sampled_from(FAULTS))
    def slack_fails_once(self, fault: dict[str, Any]) -> None:
        self.place.slack.core.faults.add(**fault, method="chat.postMessage", count=1)

    @rule(seconds=st.sampled_from([2, 60, 400]))
    def time_passes(self, seconds: int) -> None:
        while seconds > 0:
            self.jump(min(seconds, STEP_S))
            self.turn(0)
            seconds -= STEP_S

    @rule(seconds=st.sampled_from([10, 3600, 3 * 86400]))
    def clock_jumps(self, seconds: int) -> None:
        self.jump(seconds)
        self.trouble = self.now

    @rule(who=st.sampled_from(PEOPLE))
    def quiet_hours_begin(self, who: str) -> None:
        self.wait_for_slack()
        hours = [(datetime.now(UTC) + timedelta(hours=hour)).time() for hour in (-2, 3)]
        with self.place.database.transaction(OURS) as session:
            preferences.set_quiet(session, who, (hours[0], hours[1]))
        self.quiet[who] = self.seen()

    @precondition(lambda self: self.quiet)
    @rule()
    def quiet_hours_end(self) -> None:
        for who in self.quiet:
            with self.place.database.transaction(OURS) as session:
                preferences.set_quiet(session, who, None)
        self.quiet.clear()
        self.trouble = self.now

    @invariant()
    def each_is_seen_once_and_in_time(self) -> None:
        seen = self.seen()
        assert not (twice := {what: times for what, times in seen.items() if times > 1}), twice
        for reference, promise in self.promises.items():
            shown = {at for one, at in seen if one == reference}
            assert shown <= promise.were | ({promise.due} if promise.open else set())
            if promise.who in self.quiet:
                new = shown - {at for one, at in self.quiet[promise.who] if one == reference}
                assert all(row.ambiguous for row, at in self.rows(reference) if at in new)
            elif promise.open and self.now > max(promise.due, self.trouble) + WITHIN:
                assert promise.due in shown, self.rows(reference)

    def teardown(self) -> None:
        self.quiet_hours_end()
        last = max((promise.due for promise in self.promises.values()), default=self.now)
        self.jump(max(0, int((last - self.now).total_seconds())))
        self.time_passes(int(WITHIN.total_seconds()) + 2 * STEP_S)
        self.each_is_seen_once_and_in_time()

    def pick(self, which: int) -> str:
        return list(self.promises)[which % len(self.promises)]

    def put_aside(self, reference: str) -> None:
        """Note that a time which is no longer wanted was seen before; else it may not be seen any more."""
        promise = self.promises[reference]
        self.wait_for_slack()
        if self.seen()[reference, promise.due]:
            promise.were.add(promise.due)

    def rows(self, reference: str) -> list[tuple[outbox.Delivery, datetime]]:
        with self.place.database.transaction(OURS) as session:
            rows = session.scalars(select(outbox.Delivery).where(outbox.Delivery.record == reference)).all()
        return [(row, datetime.fromisoformat(row.payload["due_at"]) + self.ahead) for row in rows]

    def seen(self) -> Counter[tuple[str, datetime]]:
        """Count what people see of each follow-up's each time."""
        times = {row.id: (reference, at) for reference in self.promises for row, at in self.rows(reference)}
        messages = [one.body for channel in self.place.slack.core.world.workspace.messages.values() for one in channel]
        ids = [UUID(body["metadata"]["event_payload"]["delivery_id"]) for body in messages if "metadata" in body]
        return Counter(times[one] for one in ids)

    def jump(self, seconds: int) -> None:
        self.wait_for_slack()
        with closing(connect(self.place.admin_url)) as connection:
            connection.execute(SHIFT.format(seconds=seconds).encode())
        self.ahead += timedelta(seconds=seconds)

    def wait_for_slack(self) -> None:
        """Let Slack store what it stores late, which it does by a real clock."""
        until(lambda: not self.place.slack.core.later)

    def turn(self, who: int) -> None:
        """Do what a process does again and again: look what is due, send what can be sent, look for second copies."""
        before = {fault["id"] for fault in self.place.slack.core.faults.listed()}
        try:
            self.place.clock.materialise()
            while claims := self.place.replicas[who].claim(1):
                for claim in claims:
                    self.place.replicas[who].work(claim)
            self.place.replicas[who].repair()
        finally:
            if before != {fault["id"] for fault in self.place.slack.core.faults.listed()}:
                self.trouble = self.now


@pytest.fixture
def place(
    database: Database,
    admin_url: str,
    slack: Sandbox,
    start: Callable[..., Sender],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Place]:
    armed: list[str] = []

    def die(point: str, _ids: Any) -> None:
        if point in armed:
            raise Killed

    for owner, name in kill_points.WRAPPED:
        monkeypatch.setattr(owner, name, getattr(owner, name))  # to be as it was afterwards
    for point in DEATHS:
        die_at(point, partial(die, point), mid_request_s=0)
    drawn = Renderings(load())
    # Whatever dies is due again well within the five minutes, and nothing is taken for dead that is only slow.
    times: dict[str, Any] = {"apart_s": 0.0, "grace_s": 20.0, "http_timeout_s": 10, "lease_s": 45.0}
    replicas = [start(started=False, render=drawn.render, hold=drawn.hold, **times) for _ in range(2)]
    clock = Clock(database, replicas[0], run_job=lambda *_: None)
    yield Place(database, admin_url, slack, replicas, clock, armed)
    clock.stop()


def test_whatever_happens_each_reminder_is_seen_once_and_in_time(place: Place, long_form: bool) -> None:
    class Here(Reminders):
        pass

    Here.place = place
    run_state_machine_as_test(
        Here,
        settings=settings(
            max_examples=300 if long_form else 10,
            stateful_step_count=50 if long_form else 25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
