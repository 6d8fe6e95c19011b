"""Change people while the bot cannot hear of it: what Slack says of them counts again once it can."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from sandbox.sample_teams import APP_ID
from sandbox.server import Sandbox
from storage.crm import contacts, followups
from storage.crm.contacts import Contact
from storage.database.engine import Database
from storage.workspace import members, roll_calls
from storage.workspace.members import Member
from storage.workspace.roll_calls import RollCall
from tests.support.replicas import StartReplica
from tests.support.waiting import until

TEAM, HERE, INBOX = "TA", "CGENERAL", "CSUPPORT"
BECOMES: Mapping[str, Mapping[str, Any]] = {
    "UAGUESTED": {"is_restricted": True},
    "UAULTRA": {"is_ultra_restricted": True},
    "UACLOSED": {"deleted": True},
    "UAMOVED": {"team_id": "TB"},
    "UABOT": {"is_bot": True},
}
VANISHES = "UAVANISHED"


@pytest.fixture
def seed(seed: dict[str, Any]) -> dict[str, Any]:
    """Add people to whom something happens, in a channel where guests see them."""
    ours = seed["teams"][0]
    here = next(channel for channel in ours["channels"] if channel["id"] == HERE)
    for user_id in (*BECOMES, VANISHES):
        name = user_id.removeprefix("UA").lower()
        ours["users"].append({"id": user_id, "name": name, "real_name": name.capitalize()})
        here["members"].append(user_id)
    return seed


@pytest.fixture
def database(admin_url: str) -> Iterator[Database]:
    """Return what the replicas keep their rows in."""
    opened = Database(admin_url, pool_size=2)
    yield opened
    opened.dispose()


def changes(slack: Sandbox, user: str, **fields: object) -> None:
    """Change somebody in Slack, and have the event that tells of it be lost."""
    slack.control.admin("user_changes", user=user, fields=fields, told=False)


def member(database: Database, user: str) -> Member:
    """Return what we know of somebody."""
    with database.transaction(TEAM) as session:
        found = members.get(session, user)
        assert found is not None
        return found


def contact(database: Database, user: str) -> Contact | None:
    """Return who somebody in Slack is among the contacts."""
    with database.transaction(TEAM) as session:
        return contacts.by_slack_user(session, user)


def called(database: Database) -> RollCall | None:
    """Return where the roll call stands."""
    with database.transaction(TEAM) as session:
        return roll_calls.get(session)


def is_over(database: Database, before: RollCall | None) -> bool:
    """Tell whether a roll call that began later than this one has ended."""
    now = called(database)
    if now is None or now.began_at is None or now.done_at is None:
        return False
    return now.done_at > now.began_at and (before is None or before.began_at != now.began_at)


def test_what_happened_to_people_while_the_bot_was_down_counts_once_it_is_up(
    slack: Sandbox, start: StartReplica, database: Database
) -> None:
    first, admin = start(), slack.person("UAADMIN")
    admin.types("/customer add Ours", channel=HERE)
    for user in (*BECOMES, VANISHES, "UAREP"):
        assert "Added" in slack.person(user).types(f"/customer add Of {user}", channel=HERE).text
    admin.types("/crm role @closed manager", channel=HERE)
    admin.types("/crm inbox #support", channel=HERE)
    slack.person("UAGUEST").posts("The export fails", channel=INBOX)
    slack.person("UACLOSED").types('/followup add C-1 when:"in 3 weeks" call back', channel=HERE)
    until(lambda: contact(database, "UAGUEST") is not None)
    first.stop()

    for user, fields in BECOMES.items():
        changes(slack, user, **fields)
    slack.control.admin("user_vanishes", user=VANISHES)
    changes(slack, "UAGUEST", display_name="Gwendolyn Newname", real_name="Gwendolyn Newname")
    changes(slack, "UAREP", display_name="Rita Renamed", tz="Asia/Tokyo")
    start()

    for user in (*BECOMES, VANISHES):
        until(lambda user=user: not member(database, user).is_ours)  # type: ignore[misc]  # bound in the loop
        assert member(database, user).roles == []
    for user in ("UAGUESTED", "UAULTRA"):
        refused = slack.person(user).types("/customer add Globex", channel=HERE).text
        assert "This needs the role" in refused
    until(lambda: member(database, "UAREP").name == "Rita Renamed")
    assert (member(database, "UAREP").zone, sorted(member(database, "UAREP").roles)) == ("Asia/Tokyo", ["agent", "rep"])
    until(lambda: "Gwendolyn Newname" in slack.person("UAREP").types("/crm find Gwendolyn", channel=HERE).text)
    found = contact(database, "UAGUEST")
    assert found is not None and found.name == "Gwendolyn Newname"
    with database.transaction(TEAM) as session:
        assert followups.get(session, 1).owner_id == "UAADMIN"


def test_a_gap_in_the_connection_is_made_up_for(slack: Sandbox, start: StartReplica, database: Database) -> None:
    start(socket=True)
    assert "Added" in slack.person("UAREP").types("/customer add Acme", channel=HERE).text
    until(lambda: is_over(database, None))
    before = called(database)
    slack.control.fault("error", method="apps.connections.open", code="internal_error", count=None)
    slack.control.admin("disconnects", app_id=APP_ID)
    until(lambda: slack.control.app(APP_ID)["sockets"] == 0)
    changes(slack, "UAREP", is_restricted=True)
    slack.control.admin("user_vanishes", user="UAAGENT")
    slack.control.clear_faults()
    until(lambda: is_over(database, before))
    until(lambda: member(database, "UAREP").roles == [])
    assert "This needs the role" in slack.person("UAREP").types("/customer add Globex", channel=HERE).text
