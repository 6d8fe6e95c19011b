"""Keep records from being changed by others than their owners, where a workspace wants that."""

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.database.recorded import Recorded, key_attribute
from storage.errors import Refused
from storage.workspace import api_keys, permissions, plugin_settings
from storage.workspace.members import Member, MemberKind, Role

OWNER, ASK = "owner", "ask"
"""Who may change a record, besides managers: its owner alone, or whoever asked the owner first; else everyone."""


_RIGHTS = "rights."
"""Begins the key under which a decision is stored, as the settings of plugins are; a noun's key follows."""


def who_changes(session: Session, noun: str) -> str | None:
    """Return who may change the records of a noun besides managers, `OWNER` or `ASK`; None for everyone."""
    chosen = plugin_settings.get(session, _RIGHTS + noun)
    return str(chosen.value) if chosen is not None else None


def let_change(session: Session, noun: str, who: str | None) -> None:
    """Decide who may change the records of a noun, as `who_changes` returns it."""
    plugin_settings.choose(session, _RIGHTS + noun, who)


def check_owner(
    session: Session, row: Recorded, owner_id: str | None, actor_id: str | None, *, called: str | None
) -> None:
    """Raise Refused if a record is somebody else's and its noun is guarded, unless a manager changes it.

    Asked wherever a change is written, so that no command, form, import or program goes around it. What Rapport does by
    itself, and what follows from what a customer writes, is never refused, nor is the change of a record that is
    nobody's. `called` is the record's name before the change, None where that stays.
    """
    if owner_id is None or actor_id in {None, owner_id}:
        return
    with session.no_autoflush:
        who = who_changes(session, row.__noun__)
        if who is None or _may(session, row, str(actor_id), owner_id, asked=who == ASK):
            return
        owner = session.get(Member, (current_workspace(session), owner_id))
    hints = {
        OWNER: "Ask them, or a manager. An admin decides this with `/crm rights`.",
        ASK: "Ask them first: `/crm ask {reference}`",
    }
    raise Refused(
        "{record} is {owner}'s. Only they and managers may change it.",
        record=called or row.history_name(),
        owner=owner.name if owner is not None else owner_id,
        reference=getattr(row, "reference", ""),
        hint=hints[who],
    )


def _may(session: Session, row: Recorded, actor_id: str, owner_id: str, *, asked: bool) -> bool:
    """Tell whether somebody may change another's record: no manager of ours needs to ask, nor does a customer.

    A program may where its key does, or acts as the owner.
    """
    here = current_workspace(session)
    if api_keys.is_key(actor_id):
        key = api_keys.get(session, int(actor_id.removeprefix(api_keys.ACTOR)))
        acts_as = session.get(Member, (here, key.member_id)) if key is not None and key.member_id else None
        return key is not None and (key.member_id == owner_id or key.acts_in(Role.MANAGER, acts_as))
    member = session.get(Member, (here, actor_id))
    if member is None:
        return False
    if member.kind != MemberKind.STAFF or member.has(Role.MANAGER):
        return True
    number = getattr(row, key_attribute(type(row)).key)
    return asked and permissions.is_allowed(session, row.__noun__, number, actor_id, datetime.now(UTC))
