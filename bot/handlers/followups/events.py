"""Hand the follow-ups of somebody who leaves to whoever is responsible now, and tell them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.followups import cards
from bot.handlers.followups.declaration import plugin
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Member, Notice, Role, _, ngettext
from storage.crm import followups
from storage.crm.followups import Followup
from storage.events import MemberLeft
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.subjects import subject_of
from storage.workspace import members

LISTED = 10


@plugin.on(MemberLeft)
def left(fact: MemberLeft, session: Session) -> None:
    """Give the follow-ups of who is none of ours any more to the records' owners, else to their manager."""
    leaving: Member = fact.record
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
def handed_over(delivery: Delivery, session: Session, receiver: Member | None, reader: Reader) -> Message | None:
    """Say which follow-ups somebody has now, and from whom; None when all were closed meanwhile."""
    references = [str(reference) for reference in delivery.payload["followups"]]
    theirs = [followups.resolve(session, reference) for reference in references]
    still = [one for one in theirs if one.closed_at is None and receiver is not None and one.owner_id == receiver.id]
    if not still:
        return None
    leaving = members.get(session, delivery.record or "")
    guest = leaving is not None and leaving.active
    template = (
        ngettext(
            "{who} is no longer on your team, so {count} follow-up of theirs is now yours.",
            "{who} is no longer on your team, so {count} follow-ups of theirs are now yours.",
            len(still),
        )
        if guest
        else ngettext(
            "{who} has left, so {count} follow-up of theirs is now yours.",
            "{who} has left, so {count} follow-ups of theirs are now yours.",
            len(still),
        )
    )
    text = b.markup(template, who=b.person(delivery.record or ""), count=len(still))
    more = [b.context(b.markup(_("… and {count} more"), count=len(still) - LISTED))] if len(still) > LISTED else []
    return Message(text, [b.section(text), *cards.listing(session, still[:LISTED], reader), *more])
