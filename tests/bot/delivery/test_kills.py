"""Show that replicas killed or stopped at any moment of a delivery leave one visible message, not none or two."""

from __future__ import annotations

import os
import signal
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bench.torture.kill_points import POINTS
from sandbox.sample_teams import person, two_teams
from sandbox.server import Sandbox
from storage.database.engine import Database
from storage.queues import due, outbox
from storage.workspace.members import Member, MemberKind
from tests.support.deliveries import OURS, ours, post, read, settled, slack
from tests.support.doomed_replicas import STALL, Plan, replicas
from tests.support.waiting import until, until_done

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
            session.add(Member(workspace_id=OURS, id=reader, name=reader, roles=[], kind=MemberKind.STAFF))
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
        until_done(
            lambda: plan.deaths() == doomed.keys() and not unsent(database, len(doomed)),
            progress=lambda: (len(plan.deaths()), unsent(database, len(doomed))),
        )
        # A copy that this machine was too slow to show in time is deleted, as one that Slack shows late.
        until(lambda: max(visible(crowd).values()) == 1)
    with database.transaction(OURS) as session:
        rows = list(session.scalars(select(outbox.Delivery)))
    assert {row.record for row in rows} == doomed.keys()
    assert visible(crowd) == Counter(str(row.id) for row in rows)
    assert needless(crowd) == []


def unsent(database: Database, count: int) -> int:
    """Count what is not sent yet, also of what is not written yet."""
    with database.transaction(OURS) as session:
        return count - len(session.scalars(select(outbox.Delivery.id).where(outbox.Delivery.state == "sent")).all())


def needless(slack: Sandbox) -> list[str]:
    """Return the deliveries that were posted again though a search before had shown them, or without a search."""
    calls = [call for call in slack.core.world.calls if call["outcome"] == "ok"]
    searches = [(call["args"]["channel"], call["at"]) for call in calls if call["method"] == "conversations.history"]
    posts: dict[str, list[Any]] = defaultdict(list)
    for call in calls:
        if call["method"] == "chat.postMessage":
            posts[call["args"]["client_msg_id"]].append(call)
    found = []
    for delivery_id, (first, *others) in posts.items():
        for again in others:
            looked = [at for channel, at in searches if channel == first["args"]["channel"] and at < again["at"]]
            if not looked or max(looked) < first["at"] or float(first["ts"]) < max(looked):
                found.append(delivery_id)
    return found


def test_a_replica_stopped_past_its_lease_and_continued_sends_no_second_copy(
    database: Database, slack: Sandbox, ours: str, planned: Callable[..., Plan]
) -> None:
    plan = planned(slack, {"T-1": STALL})
    with replicas(plan):
        delivery_id = post(database)
        until(lambda: plan.deaths() == {"T-1"} and (Path(plan.folder) / "T-1").read_text())
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
        for number in range(3):
            # A tick after the last of them ends with nothing more, so what was made twice would be there.
            with database.transaction(OURS) as session:
                due.schedule(
                    session,
                    "digest",
                    f"M-{number}",
                    at=datetime.now(UTC),
                    zone="UTC",
                    target_channel="CSUPPORT",
                    renderer="card",
                )
            until(lambda number=number: made(database)[0] > 1_500 + number)  # type: ignore[misc]  # bound in the loop
    assert made(database) == (1_503, 1_503)


def made(database: Database) -> tuple[int, int]:
    """Count deliveries, and the occurrences they are of."""
    with database.transaction(OURS) as session:
        keys = func.count(outbox.Delivery.dedupe_key.distinct())
        found = session.execute(select(func.count(), keys).select_from(outbox.Delivery)).one()
    return found[0], found[1]
