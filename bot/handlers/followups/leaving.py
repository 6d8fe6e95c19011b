"""Hand the follow-ups of somebody who leaves to whoever is responsible now, and tell them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.handlers.followups import cards
from bot.handlers.followups.declaration import plugin
from bot.plugin import Member, Notice, Role, _
from bot.replies import Message
from storage import followups, members, outbox
from storage.about import subject_of
from storage.followups import Followup
from storage.outbox import Delivery
from storage.workspaces import Workspace

LISTED = 10


@plugin.event("user_change")
def left(event: Mapping[str, Any], session: Session) -> None:
    """Give the follow-ups of somebody whose account was closed to the records' owners, else to their manager."""
    profile = event["user"]
    if not profile.get("deleted"):
        return
    leaving = members.get(session, str(profile["id"]))
    if leaving is None:
        return
    for new_owner, theirs in _heirs(session, leaving).items():
        for followup in theirs:
            followups.hand_over(session, followup, new_owner)
        outbox.enqueue(
            session,
            target_user=new_owner,
            renderer=plugin.id("handed_over"),
            record=leaving.id,
            payload={"followups": [followup.reference for followup in theirs]},
        )


def _heirs(session: Session, leaving: Member) -> dict[str, list[Followup]]:
    """Return who gets which follow-ups; what nobody is responsible for stays where it is."""
    found: dict[str, list[Followup]] = {}
    for followup in followups.all_open(session, leaving.id):
        record = subject_of(session, followup)
        owner_id = getattr(record, "owner_id", None) or getattr(record, "assignee_id", None)
        for candidate in (owner_id, leaving.manager_id):
            if candidate and candidate != leaving.id and _can(session, candidate):
                found.setdefault(candidate, []).append(followup)
                break
    return found


def _can(session: Session, member_id: str) -> bool:
    member = members.get(session, member_id)
    return member is not None and member.has(Role.VIEWER)


@plugin.renderer("handed_over", kind=Notice.NEWS)
def handed_over(
    delivery: Delivery, reader: Member | None, workspace: Workspace, now: datetime, session: Session
) -> Message | None:
    """Say which follow-ups somebody has now, and from whom; None when all were closed meanwhile."""
    references = [str(reference) for reference in delivery.payload["followups"]]
    theirs = [followups.resolve(session, reference) for reference in references]
    still = [one for one in theirs if one.closed_at is None and reader is not None and one.owner_id == reader.id]
    if not still:
        return None
    text = b.markup(
        _("{who} has left, so {count} of their follow-ups are yours now."),
        who=b.person(delivery.record or ""),
        count=len(still),
    )
    return Message(
        text, [b.section(text), *cards.listing(session, still[:LISTED], shown.reader(reader, workspace, now))]
    )
