"""Find who looks after a customer of the shop, and have them do it."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy.orm import Session

from bot.plugin import Member
from bot.plugins.commerce.settings import OWNER
from storage.crm import followups
from storage.crm.customers import Customer
from storage.database.engine import current_workspace
from storage.records.named import Named
from storage.workspace import members
from storage.workspace.workspaces import Workspace


def owner_of(session: Session, customer_id: int | None) -> Member | None:
    """Return who looks after a customer, or after those without an owner; None where that is nobody of ours."""
    customer = session.get(Customer, (current_workspace(session), customer_id or 0))
    for person_id in (customer.owner_id if customer else None, OWNER.of(session)):
        member = members.get(session, person_id) if person_id else None
        if member is not None and member.is_ours:
            return member
    return None


def follow_up(session: Session, owner: Member, text: str, record: Named, workspace: Workspace, now: datetime) -> None:
    """Have somebody reminded of a record now, and keep that open until they have done it."""
    zone = owner.zone or workspace.zone
    followups.add(session, text=text, due_at=now, zone=zone, owner_id=owner.id, about=record)
