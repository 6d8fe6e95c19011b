"""Keep records from being changed by others than their owners, where a workspace wants that."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.database.recorded import Recorded
from storage.errors import Refused
from storage.workspace import api_keys
from storage.workspace.members import Member, Role
from storage.workspace.workspaces import GUARDABLE, Workspace


def check_owner(session: Session, row: Recorded, owner_id: str | None, actor_id: str | None) -> None:
    """Raise Refused if a record is somebody else's and its noun is guarded, unless a manager changes it.

    Asked wherever a change is written, so that no command, form, import or program goes around it. What Rapport does by
    itself is never refused, nor is the change of a record that is nobody's.
    """
    if row.__noun__ not in GUARDABLE or owner_id is None or actor_id in {None, owner_id}:
        return
    here = current_workspace(session)
    with session.no_autoflush:
        guarded = session.scalar(select(Workspace.guarded).where(Workspace.id == here)) or []
        if row.__noun__ not in guarded or _is_manager(session, str(actor_id), owner_id):
            return
        owner = session.get(Member, (here, owner_id))
    raise Refused(
        "{record} is {owner}'s. Only they and managers may change it.",
        record=row.history_name(),
        owner=owner.name if owner is not None else owner_id,
        hint="Ask them, or a manager. An admin decides this with `/crm rights`.",
    )


def _is_manager(session: Session, actor_id: str, owner_id: str) -> bool:
    """Tell whether somebody may act as a manager; a program may where its key does, or acts as the owner."""
    here = current_workspace(session)
    if not api_keys.is_key(actor_id):
        member = session.get(Member, (here, actor_id))
        return member is not None and member.has(Role.MANAGER)
    key = api_keys.get(session, int(actor_id.removeprefix(api_keys.ACTOR)))
    acts_as = session.get(Member, (here, key.member_id)) if key is not None and key.member_id else None
    return key is not None and (key.member_id == owner_id or key.acts_in(Role.MANAGER, acts_as))
