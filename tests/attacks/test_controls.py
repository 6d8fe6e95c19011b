"""Use controls as who should not, and with values that nobody was offered, over the wire."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from sandbox.server import Sandbox
from storage.crm import followups
from storage.database.engine import Database
from storage.digests import schedules
from storage.support import channels, tickets
from tests.support.replicas import StartReplica
from tests.support.waiting import until

TEAM, HERE = "TA", "CGENERAL"


@pytest.fixture
def database(admin_url: str) -> Iterator[Database]:
    """Return what the replica keeps its rows in."""
    opened = Database(admin_url, pool_size=2)
    yield opened
    opened.dispose()


def test_controls_do_what_the_command_would_and_for_nobody_else(
    slack: Sandbox, start: StartReplica, database: Database
) -> None:
    start()
    admin, rep, agent, viewer = (slack.person(f"UA{name}") for name in ("ADMIN", "REP", "AGENT", "MANAGER"))
    for person in (admin, rep, agent, viewer):
        person.channel = HERE
        person.types("/crm help")
    admin.types("/crm role @manager viewer")
    admin.types("/crm role @rep rep")
    until(lambda: "This needs the role" in viewer.types("/customer add Nobody").text)
    rep.types("/customer add Acme")
    rep.types("/followup add C-1 when:tomorrow call back")
    agent.types("/ticket add Login fails")

    # Somebody who only looks on, with another's buttons, and with ones of their own making.
    seen = viewer.types("/followup list owner:@rep")
    assert "call back" in seen.text
    viewer.clicks("Done")
    viewer.sees("F-1 belongs to somebody else")
    for action_id in ("followups.done", "followups.done_in_list", "followups.snooze"):
        viewer.forges(action_id, "F-1:1:1h", message="call back")
    slack.control.settles()
    with database.transaction(TEAM) as session:
        assert followups.get(session, 1).closed_at is None
        assert followups.get(session, 1).snoozes == 0

    # Whoever is no agent is given no ticket, by whichever way.
    assert "lacks the role agent" in agent.types("/ticket assign T-1 @rep").text
    assert "lacks the role agent" in agent.types("/ticket add Another assignee:@rep").text
    agent.types("/ticket show T-1")
    forged = json.dumps(["Forged", None, "normal", "UAREP"])
    agent.forges("tickets.add_anyway", f"::{forged}", message="Login fails")
    agent.forges("tickets.add_anyway", f":0:{forged}", message="Login fails")
    slack.control.settles()
    with database.transaction(TEAM) as session:
        assert tickets.get(session, 1).assignee_id != "UAREP"
        assert [one.name for one in tickets.list_tickets(session)] == ["Login fails"]

    # A digest of ours goes neither to a channel in which a customer reads nor to an archived one.
    rep.types("/customer link acme channel:#support")
    until(lambda: _is_linked(database))
    admin.types("/digest new")
    refused = admin.submits({"To a channel": "CSUPPORT"})
    assert refused.error == "errors"
    admin.closes(all=True)
    slack.control.admin("archives", channel="CGENERAL")
    admin.types("/digest new", channel="CSUPPORT")
    assert admin.submits({"To a channel": "CGENERAL"}).error == "errors"
    with database.transaction(TEAM) as session:
        assert schedules.list_digests(session) == []


def _is_linked(database: Database) -> bool:
    with database.transaction(TEAM) as session:
        return channels.link_of(session, "CSUPPORT") is not None
