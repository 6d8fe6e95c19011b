"""Show that replicas killed or stopped at any moment of a delivery leave one visible message, not none or two."""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from sandbox.sample_teams import person, two_teams
from sandbox.server import Sandbox
from storage import due, outbox
from storage.database import Database
from storage.members import Kind, Member
from tests.bot.deliveries import OURS, ours, post, read, settled, slack
from tests.bot.doomed import STALL, Plan, replicas
from torture.kill_points import POINTS

__all__ = ["ours", "slack"]  # the fixtures of the delivery's own tests

LEASE_S = 2.0
DELIVERY: dict[str, Any] = {
    "lease_s": LEASE_S,
    "grace_s": 0.5,
    "http_timeout_s": 1,
    "margin_s": 0.1,
    "poll_s": 0.2,
    "hands": 1,  # so that who dies takes nothing else along
}


@pytest.fixture
def planned(admin_url: str, tmp_path: Path) -> Callable[..., Plan]:
    def plan(slack: Sandbox, doomed: dict[str, str], **changed: Any) -> Plan:
        return Plan(OURS, admin_url, slack.url, str(tmp_path), doomed, DELIVERY, **changed)

    return plan


@pytest.fixture
def crowd(rounds: int) -> Iterator[Sandbox]:
    """Run a Slack with a person and a channel for each delivery, so that none waits for another's pace."""
    seed = two_teams()
    team = seed["teams"][0]
    for number in range(1, rounds * len(POINTS) + 1):
        team["users"].append(person("A", f"p{number}", f"Person {number}"))
        team["channels"].append({"id": f"C{number}", "name": f"c{number}", "members": ["UAREP", "U0BOTA"]})
    with Sandbox(seed=seed) as sandbox:
        yield sandbox


@pytest.fixture
def rounds(long_form: bool) -> int:
    return 20 if long_form else 2


def visible(slack: Sandbox) -> Counter[str]:
    """Count the copies of each delivery that people can see."""
    messages = [one.body for channel in slack.core.world.workspace.messages.values() for one in channel]
    return Counter(body["metadata"]["event_payload"]["delivery_id"] for body in messages if "metadata" in body)


@pytest.mark.parametrize("honoured", [True, False], ids=["client_msg_id honoured", "client_msg_id ignored"])
def test_killed_at_each_point_each_reminder_and_digest_is_seen_once(
    database: Database, ours: str, crowd: Sandbox, planned: Callable[..., Plan], rounds: int, honoured: bool
) -> None:
    crowd.control.settings(honour_client_msg_id=honoured)
    # Slow enough for a request to have a middle.
    crowd.control.fault("slow", method="chat.postMessage", count=None, seconds=0.06)
    at = datetime.now(UTC) - timedelta(seconds=5)
    doomed = {}
    with database.transaction(OURS) as session:
        for number in range(1, rounds * len(POINTS) + 1):
            doomed[f"F-{number}"] = doomed[f"G-{number}"] = POINTS[number % len(POINTS)]
            reader = f"UAP{number}"
            session.add(Member(workspace_id=OURS, id=reader, name=reader, roles=[], kind=Kind.STAFF))
            due.schedule(session, "followup", f"F-{number}", at=at, zone="UTC", target_user=reader, renderer="card")
            due.schedule(
                session,
                "digest",
                f"G-{number}",
                at=at,
                zone="Asia/Tokyo",
                recurrence="FREQ=DAILY;09:00",
                target_channel=f"C{number}",
                renderer="card",
            )
    plan = planned(crowd, doomed)
    with replicas(plan):
        rows = all_sent(database, len(doomed), within=30 + 10 * rounds)
        until(lambda: plan.deaths().keys() == doomed.keys())
    deaths = plan.deaths()
    assert {row.record for row in rows} == doomed.keys()
    assert visible(crowd) == Counter(str(row.id) for row in rows)
    for row in rows:
        assert row.sent_at and row.sent_at.timestamp() < deaths[str(row.record)] + LEASE_S + 10


def all_sent(database: Database, count: int, within: float) -> list[outbox.Delivery]:
    deadline = time.monotonic() + within
    while True:
        with database.transaction(OURS) as session:
            rows = list(session.scalars(select(outbox.Delivery)))
        if len(rows) >= count and all(row.state == "sent" for row in rows):
            return rows
        assert time.monotonic() < deadline, [(row.record, row.state, row.reason) for row in rows if row.state != "sent"]
        time.sleep(0.1)


def until(condition: Callable[[], bool], within: float = 20) -> None:
    deadline = time.monotonic() + within
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.02)


def test_a_replica_stopped_past_its_lease_and_continued_sends_no_second_copy(
    database: Database, slack: Sandbox, ours: str, planned: Callable[..., Plan]
) -> None:
    plan = planned(slack, {"T-1": STALL})
    with replicas(plan):
        delivery_id = post(database)
        until(lambda: plan.deaths().keys() == {"T-1"})
        stopped = int((Path(plan.folder) / "T-1").read_text())
        try:
            # The others find its lease over, and it alive.
            until(lambda: read(database, delivery_id).reason == "another worker still sends it")
            assert visible(slack) == {}
        finally:
            os.kill(stopped, signal.SIGCONT)
        (row,) = settled(database, delivery_id)
        other = post(database, record="T-2")
        settled(database, other)
    assert row.state == "sent"
    assert visible(slack) == {str(delivery_id): 1, str(other): 1}


def test_three_replicas_make_each_of_a_thousand_occurrences_once(
    database: Database, slack: Sandbox, ours: str, planned: Callable[..., Plan]
) -> None:
    with database.transaction(OURS) as session:
        for number in range(500):
            at = datetime.now(UTC) - timedelta(days=3)
            recurring: dict[str, Any] = {"zone": "Europe/Berlin", "recurrence": "FREQ=DAILY;09:00"}
            due.schedule(
                session, "digest", f"G-{number}", at=at, target_channel="CSUPPORT", renderer="card", **recurring
            )
    with replicas(planned(slack, {}, sends=False)):
        for occurrence in (1, 2):
            until(lambda occurrence=occurrence: made(database)[0] >= 500 * occurrence)  # type: ignore[misc]  # bound in the loop
            with database.transaction(OURS) as session:
                again = func.now() - func.make_interval(0, 0, 0, 0, 0, 0, occurrence)
                session.execute(due.Due.__table__.update().values(at=again))  # type: ignore[attr-defined]  # a Table
        until(lambda: made(database)[0] >= 1_500)
        time.sleep(0.5)
    assert made(database) == (1_500, 1_500)


def made(database: Database) -> tuple[int, int]:
    """Count deliveries, and the occurrences they are of."""
    with database.transaction(OURS) as session:
        keys = func.count(outbox.Delivery.dedupe_key.distinct())
        found = session.execute(select(func.count(), keys).select_from(outbox.Delivery)).one()
    return found[0], found[1]
