"""Show whom the bot asks before it sends, and that a plugin that cannot answer costs nobody their peace."""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import Any

import pytest
from sqlalchemy.orm import Session

from bot.delivery.renderer import Renderings
from bot.kit.replies import Message
from bot.plugin import Notice, Plugin
from bot.registry import Registry
from storage.notifications import preferences
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.workspace.members import Member

MIDNIGHT = datetime(2026, 6, 2, 0, tzinfo=UTC)


def said() -> Message:
    """Say something."""
    return Message("Something")


def fails(_row: Any) -> Notice:
    """Fail to say what it is."""
    raise KeyError("nobody knows")


@pytest.fixture
def renderings() -> Renderings:
    plugin = Plugin("sample", contract=2, title="Sample")
    plugin.renderer("usual")(said)
    plugin.renderer("answer", kind=None)(said)
    plugin.renderer("news", kind=lambda row: Notice.NEWS if row.payload else None)(said)
    plugin.renderer("broken", kind=fails)(said)
    return Renderings(Registry([plugin]), now=lambda: MIDNIGHT)


def held(session: Session, renderings: Renderings, renderer: str, **payload: Any) -> bool:
    made = outbox.enqueue(session, target_user="UREP", renderer=renderer, record=None, payload=payload)
    row = session.get_one(Delivery, (session.info["workspace"], made))
    row.state, row.attempt, row.lease_until = "sending", 1, MIDNIGHT
    session.flush()
    return renderings.hold(session, row)


@pytest.mark.parametrize(
    ("renderer", "payload", "waits"),
    [
        ("sample.usual", {}, True),
        ("sample.answer", {}, False),
        ("sample.news", {"x": 1}, True),
        ("sample.news", {}, False),
        ("sample.broken", {}, True),
        ("core.answer", {}, False),
        ("gone.card", {}, False),
    ],
)
def test_what_answers_nobody_waits(
    session: Session, renderings: Renderings, renderer: str, payload: dict[str, Any], waits: bool
) -> None:
    preferences.set_quiet(session, "UREP", (time(0), time(7)))
    assert held(session, renderings, renderer, **payload) is waits


@pytest.mark.parametrize(("zone", "waits"), [("Asia/Tokyo", False), ("Nowhere/Atall", True), (None, True)])
def test_quiet_hours_are_those_where_the_person_is(
    session: Session, renderings: Renderings, zone: str | None, waits: bool
) -> None:
    session.get_one(Member, (session.info["workspace"], "UREP")).zone = zone
    preferences.set_quiet(session, "UREP", (time(0), time(7)))
    assert held(session, renderings, "sample.usual") is waits


def test_only_what_goes_to_a_customer_is_for_others_than_our_own_people(registry: Registry) -> None:
    renderings = Renderings(registry)
    others = [name for name in registry.renderers if not renderings.ours(Delivery(renderer=name))]
    assert sorted(others) == ["triage.rating", "triage.reply", "triage.reply_file"]
    assert renderings.ours(Delivery(renderer="gone.card"))
