"""Show that a workspace that removes the app is left alone at once, and that people's profiles are kept up with."""

from __future__ import annotations

import json
import time
from itertools import permutations
from typing import Any

import pytest
from slack_bolt import BoltRequest
from sqlalchemy import select

from sandbox.sample_teams import APP_ID
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.workspace import members, workspaces
from storage.workspace.workspaces import Installation
from tests.support.company import Company
from tests.support.waiting import until


def installation(company: Company) -> Installation:
    with company.database.transaction("TA") as session:
        found = workspaces.installation(session)
        assert found is not None
        return found


def gone(company: Company) -> bool:
    return installation(company).revoked_at is not None


def tell(company: Company, event: dict[str, Any], at: float) -> None:
    """Deliver an event that happened at a time, as Slack does when it is late."""
    body = {
        "type": "event_callback",
        "team_id": "TA",
        "event_id": f"Ev{event['type']}{at}{len(json.dumps(event))}",
        "event_time": int(at),
        "event": event,
    }
    assert company.bot.bolt.dispatch(BoltRequest(body=body, mode="socket_mode")).status == 200


REVOKED = {"type": "tokens_revoked", "tokens": {"oauth": [], "bot": ["U0BOTA"]}}
UNINSTALLED = {"type": "app_uninstalled"}


def test_an_uninstalled_workspace_is_not_called_and_not_written_to(company: Company) -> None:
    company.rep.types("/customer add Acme")
    with company.database.transaction("TA") as session:
        kept = outbox.enqueue(session, target_channel="CGENERAL", renderer="core.answer", record=None, priority=-1)
        session.get_one(Delivery, ("TA", kept)).not_before = workspaces.get(session, "TA").created_at.replace(year=2099)  # type: ignore[union-attr]  # it is there
    company.sandbox.control.admin("uninstalls", app_id=APP_ID, team="TA")
    until(lambda: gone(company))
    until(lambda: company.bot.installations.get("TA") is None)
    with company.database.transaction("TA") as session:
        assert session.scalars(select(Delivery.state).where(Delivery.id == kept)).one() == "cancelled"
    row = installation(company)
    assert row.sealed_token is None


@pytest.mark.parametrize("order", list(permutations(["revoked", "uninstalled", "installed"])))
def test_whatever_comes_late_the_newest_state_stands(company: Company, order: tuple[str, ...]) -> None:
    until(lambda: company.bot.installations.get("TA") is not None)
    left = time.time() - 60
    for step in order:
        match step:
            case "revoked":
                tell(company, REVOKED, left)
            case "uninstalled":
                tell(company, UNINSTALLED, left)
            case "installed":
                company.bot.identify()
    company.settles()
    assert not gone(company)
    tell(company, UNINSTALLED, time.time())
    until(lambda: gone(company))


def test_peoples_own_tokens_are_not_ours(company: Company) -> None:
    tell(company, {"type": "tokens_revoked", "tokens": {"oauth": ["UAREP"], "bot": []}}, time.time())
    company.settles()
    assert not gone(company)


def test_a_changed_profile_is_known_at_once(company: Company) -> None:
    company.rep.types("/crm help")
    company.sandbox.control.admin(
        "user_changes", user="UAREP", fields={"display_name": "Rita Röhrig", "tz": "Asia/Tokyo"}
    )

    def known() -> tuple[str, str | None]:
        with company.database.transaction("TA") as session:
            member = members.get(session, "UAREP")
            assert member is not None
            return member.name, member.zone

    until(lambda: known() == ("Rita Röhrig", "Asia/Tokyo"))
    old = {"id": "UAREP", "team_id": "TA", "name": "old", "tz": "UTC", "profile": {"display_name": "Old"}}
    tell(company, {"type": "user_change", "user": old, "event_ts": str(time.time() - 3_600)}, time.time() - 3_600)
    company.settles()
    assert known() == ("Rita Röhrig", "Asia/Tokyo")


def test_whoever_becomes_a_guest_loses_their_roles(company: Company) -> None:
    assert "What you can do" in company.rep.types("/crm help").text
    company.sandbox.control.admin("user_changes", user="UAREP", fields={"is_restricted": True})
    until(lambda: "This needs the role" in company.rep.types("/crm help").text)


def test_people_we_never_met_are_not_remembered(company: Company) -> None:
    company.sandbox.control.admin("user_changes", user="UAAGENT", fields={"display_name": "Somebody"})
    company.settles()
    with company.database.transaction("TA") as session:
        assert members.get(session, "UAAGENT") is None
