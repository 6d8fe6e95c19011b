"""Show that a process that is killed at any moment of a delivery leaves one visible message behind, not none or two."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest

from bot.clock import Clock
from bot.delivery import Delivery
from sandbox.server import Sandbox
from storage import due, outbox
from storage.database import Database
from tests.bot.deliveries import OURS, copies_of, ours, post, read, settled, slack, start

__all__ = ["ours", "slack", "start"]  # the fixtures of the delivery's own tests

LEASE_S = 2.0

# What is killed is the real thing: the child only stops itself at a moment that no signal from outside would hit.
CHILD = """
import os, signal, sys, time
from slack_sdk import WebClient
from bot import clock
from bot.delivery import Delivery, Rendered
from storage.database import Database
from torture.kill_points import die_at

point, database_url, slack_url, lease = sys.argv[1:]
database = Database(database_url, pool_size=4)

def die():
    os.kill(os.getpid(), signal.SIGKILL)

die_at(point, die, mid_request_s=0.25)

def client(_workspace):
    return WebClient("xoxb-a-sandbox", base_url=slack_url + "/api/")

def render(_session, row):
    return Rendered(str(row.payload.get("text", row.record)))

delivery = Delivery(database, render, client, lease_s=float(lease), grace_s=0.4, http_timeout_s=1, margin_s=0.1)
delivery.start()
ticking = clock.Clock(database, delivery, run_job=lambda *_: None)
ticking.start()
time.sleep(20)
"""


def run_until_killed(point: str, database_url: str, slack: Sandbox) -> None:
    child = subprocess.run(
        [sys.executable, "-c", CHILD, point, database_url, slack.url, str(LEASE_S)], capture_output=True, timeout=25
    )
    assert child.returncode == -signal.SIGKILL, child.stderr.decode()


@pytest.mark.parametrize(
    "point", ["after claim", "before send", "mid-request", "after response", "before mark", "after mark"]
)
def test_killed_anywhere_a_message_is_seen_once(
    database: Database, admin_url: str, slack: Sandbox, ours: str, start: Callable[..., Delivery], point: str
) -> None:
    if point == "mid-request":
        slack.control.fault("slow", method="chat.postMessage", count=1, seconds=0.5)
    delivery_id = post(database)
    run_until_killed(point, admin_url, slack)
    killed = time.monotonic()
    start(lease_s=LEASE_S)
    (row,) = settled(database, delivery_id)
    assert time.monotonic() - killed < LEASE_S + 10
    assert row.state == "sent"
    assert len(copies_of(slack, row)) == 1
    stored = [call for call in slack.control.calls("chat.postMessage") if call["outcome"] == "ok"]
    assert len(stored) == 1


def test_killed_in_the_middle_of_a_tick_a_reminder_is_seen_once(
    database: Database, admin_url: str, slack: Sandbox, ours: str, start: Callable[..., Delivery]
) -> None:
    with database.transaction(OURS) as session:
        at = datetime.now(UTC) - timedelta(seconds=5)
        due.schedule(session, "followup", "F-1", at=at, zone="UTC", target_user="UAREP", renderer="card")
    run_until_killed("mid-materialise", admin_url, slack)
    with database.transaction(OURS) as session:
        assert due.get(session, "followup", "F-1") is not None
        assert session.query(outbox.Delivery).count() == 0
    clock = Clock(database, start(), run_job=lambda *_: None)
    clock.materialise()
    with database.transaction(OURS) as session:
        (row,) = session.query(outbox.Delivery).all()
    settled(database, row.id)
    assert len(copies_of(slack, read(database, row.id))) == 1
