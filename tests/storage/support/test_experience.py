"""Show how the tickets of a category ended, and who ended them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.support import experience, tickets
from storage.support.tickets import Ticket

NOW = datetime.now(UTC)


def ended(session: Session, name: str, who: str | None, *, days: int = 1, category: str = "bug") -> Ticket:
    ticket = tickets.add(session, name=name, category=category, assignee_id=who)
    tickets.set_status(session, ticket, "resolved")
    ticket.resolved_at = NOW - timedelta(days=days)
    session.flush()
    return ticket


def test_what_was_resolved_in_a_category_newest_first(session: Session) -> None:
    old = ended(session, "Old", None, days=400)
    new = ended(session, "New", "UAGENT")
    ended(session, "Other", "UAGENT", category="billing")
    this = ended(session, "This", "UAGENT")
    tickets.add(session, name="Open", category="bug")
    tickets.dismiss(session, tickets.add(session, name="Thanks", category="bug"), category="bug", actor_id="UAGENT")
    found = experience.resolved(session, "bug", without=this.id)
    assert [one.ticket_id for one in found] == [new.id, old.id]
    assert (found[0].name, found[0].assignee_id, found[1].assignee_id) == ("New", "UAGENT", None)
    assert experience.resolved(session, "bug", without=this.id, limit=1) == found[:1]
    assert experience.resolved(session, "sales", without=0) == []


def test_who_usually_handles_a_category(session: Session) -> None:
    for who, days in (("UREP", 1), ("UAGENT", 1), ("UAGENT", 89), ("UADMIN", 91), (None, 1)):
        ended(session, "Down", who, days=days)
    ended(session, "Bill", "UMANAGER", category="billing")
    assert experience.usual(session, "bug", NOW) == [("UAGENT", 2), ("UREP", 1)]
    assert experience.usual(session, "bug", NOW, limit=1) == [("UAGENT", 2)]


def test_another_workspaces_past_is_not_ours(database: Database, workspace: str, second_workspace: str) -> None:
    with database.transaction(workspace) as session:
        ended(session, "Ours", "UAGENT")
    with database.transaction(second_workspace) as session:
        assert experience.resolved(session, "bug", without=0) == []
        assert experience.usual(session, "bug", NOW) == []
