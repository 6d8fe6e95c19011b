"""Hold follow-ups against who may change them: their owner, and of others' those who work with records."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.kit.lookup import check_writes
from bot.plugin import Member, Role
from storage.crm import followups
from storage.crm.followups import Followup
from storage.errors import Refused
from storage.subjects import subject_of


def mine_or_ours(session: Session, typed: str, actor: Member) -> Followup:
    """Return the follow-up that was meant; raise Refused where it is another's and the actor only looks on."""
    followup = followups.resolve(session, typed)
    check_owner(followup, actor)
    return followup


def check_owner(followup: Followup, actor: Member) -> None:
    """Raise Refused where a follow-up is another's and the actor is neither rep nor agent."""
    if followup.owner_id == actor.id or actor.has(Role.REP) or actor.has(Role.AGENT):
        return
    raise Refused(
        "{reference} belongs to somebody else. Changing it needs the role rep or agent.",
        reference=followup.reference,
        hint="An admin can give it to you with `/crm role`.",
    )


def check_logs(session: Session, followup: Followup, actor: Member) -> None:
    """Raise Refused where the actor may not write on the record that a follow-up is about."""
    check_owner(followup, actor)
    about = subject_of(session, followup)
    if about is not None:
        check_writes(session, about, actor)
