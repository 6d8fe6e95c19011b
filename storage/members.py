"""Keep the people of a workspace, what each may do, and when and in which language it is for them."""

from collections.abc import Collection, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import TENANT, Base, composite_key, current_workspace, notify
from storage.errors import Invalid, Refused
from storage.history.recorded import Recorded
from storage.names import EMAIL_LIMIT, NAME_LIMIT
from storage.workspaces import Installation, Workspace

SLACKBOT = "USLACKBOT"

OPEN_END = datetime(9999, 12, 31, tzinfo=UTC)
"""Until when somebody is away who did not say."""

MEMBERS_CHANGED = "rapport_members"
"""The NOTIFY channel that says whose row changed: workspace and member id, with a space between."""


class Role(StrEnum):
    """Name what a person may do; each includes those it implies."""

    VIEWER = "viewer"
    REP = "rep"
    AGENT = "agent"
    MANAGER = "manager"
    ADMIN = "admin"

    @property
    def implied(self) -> frozenset["Role"]:
        """Return the roles that come with this one, itself among them."""
        return _IMPLIED[self]


_IMPLIED = {
    Role.VIEWER: frozenset({Role.VIEWER}),
    Role.REP: frozenset({Role.REP, Role.VIEWER}),
    Role.AGENT: frozenset({Role.AGENT, Role.VIEWER}),
    Role.MANAGER: frozenset({Role.MANAGER, Role.REP, Role.AGENT, Role.VIEWER}),
    Role.ADMIN: frozenset(Role),
}


class Kind(StrEnum):
    """Tell our own people from those who are only let in; only staff can have roles."""

    STAFF = "staff"
    GUEST = "guest"
    OUTSIDE = "outside"
    BOT = "bot"


class Member(Recorded, Base):
    """Describe a Slack user as this workspace sees them; `id` is Slack's user id."""

    __noun__ = "member"
    __tablename__ = "member"
    __table_args__ = (
        composite_key("manager_id", "member", ondelete="SET NULL"),
        Index(None, "workspace_id", "manager_id"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    email: Mapped[str | None]
    roles: Mapped[list[str]] = mapped_column(server_default="{}")
    manager_id: Mapped[str | None]
    zone: Mapped[str | None]
    locale: Mapped[str | None]
    kind: Mapped[str]
    active: Mapped[bool] = mapped_column(server_default="true")
    dm_channel_id: Mapped[str | None]
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now())
    away_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}

    def has(self, role: Role) -> bool:
        """Tell whether the member may act in a role: has it or one that implies it, is staff, and still there."""
        if self.kind != Kind.STAFF or not self.active:
            return False
        return any(role in Role(mine).implied for mine in self.roles)

    def is_away(self, now: datetime) -> bool:
        """Tell whether the member gets no tickets at a moment, as they are away."""
        return self.away_until is not None and self.away_until > now

    def undoing(self, session: Session, action: str) -> None:
        """Tell every process that the member is another now."""
        notify(session, MEMBERS_CHANGED, f"{self.workspace_id} {self.id}")


def get(session: Session, member_id: str) -> Member | None:
    """Return a member of the session's workspace, None if we never met them."""
    return session.get(Member, (current_workspace(session), member_id))


def staff(session: Session, role: Role | None = None) -> list[Member]:
    """Return our own people who are still there, those who may act in `role` if one is given, by name."""
    found = session.scalars(
        select(Member).where(Member.kind == Kind.STAFF, Member.active).order_by(Member.name, Member.id)
    )
    return [member for member in found if role is None or member.has(role)]


def ensure(session: Session, member_id: str, profile: Mapping[str, Any], *, admins: Collection[str] = ()) -> Member:
    """Return a member with what Slack's users.info (its `user`) says, creating them at the first meeting.

    At that meeting staff get the workspace's default roles; Slack's admins and owners, who installed Rapport and those
    in `admins` are admins, then and at every later one. Whoever turns out to be a guest, a bot or somebody else's loses
    all roles. Raises Refused if the workspace is not installed.
    """
    workspace = session.get(Workspace, current_workspace(session))
    if workspace is None:
        raise Refused("Rapport is not installed in this workspace.")
    kind = kind_of(profile, workspace.id)
    # Several requests of somebody new may come at once.
    first = {"workspace_id": workspace.id, "id": member_id, "name": member_id, "kind": Kind.GUEST, "version": 1}
    session.execute(insert(Member).values(first).on_conflict_do_nothing())
    member = session.get_one(Member, (workspace.id, member_id), with_for_update=True, populate_existing=True)
    if kind is Kind.STAFF and member.kind != Kind.STAFF:
        member.roles = list(workspace.default_roles)
    details = profile.get("profile") or {}
    member.kind = kind
    member.active = not profile.get("deleted", False)
    member.name = _name(profile, member_id)
    member.email = _clean(details.get("email"), EMAIL_LIMIT)
    member.zone = _clean(profile.get("tz"), NAME_LIMIT)
    member.locale = _clean(profile.get("locale"), NAME_LIMIT)
    if kind is not Kind.STAFF:
        member.roles = []
    elif _is_admin(session, member_id, profile, admins) and Role.ADMIN not in member.roles:
        member.roles = sorted({*member.roles, Role.ADMIN})
    return _saved(session, member)


def kind_of(profile: Mapping[str, Any], workspace_id: str) -> Kind:
    """Return whether Slack's users.info describes one of our own people, a guest, an outsider or a bot."""
    if profile.get("is_bot") or profile.get("id") == SLACKBOT:
        return Kind.BOT
    teams = {profile.get("team_id") or workspace_id, *(profile.get("enterprise_user") or {}).get("teams", ())}
    if profile.get("is_stranger") or workspace_id not in teams:
        return Kind.OUTSIDE
    if profile.get("is_restricted") or profile.get("is_ultra_restricted"):
        return Kind.GUEST
    return Kind.STAFF


def set_roles(session: Session, member: Member, roles: Collection[Role]) -> Member:
    """Give a member exactly these roles; raise Refused for anyone who is not staff, and for the last admin."""
    if roles and member.kind != Kind.STAFF:
        raise Refused("{name} is not one of your own people, so can have no role.", name=member.name)
    if Role.ADMIN in member.roles and Role.ADMIN not in roles and len(staff(session, Role.ADMIN)) == 1:
        raise Refused("{name} is the last admin. Make someone else an admin first.", name=member.name)
    member.roles = sorted(set(roles))
    return _saved(session, member)


def set_manager(session: Session, member: Member, manager: Member | None) -> Member:
    """Say to whom a member reports, None for nobody; raise Invalid if that made them their own superior."""
    above = manager
    while above is not None:
        if above.id == member.id:
            raise Invalid("{name} would be their own manager.", field="manager", name=member.name)
        above = get(session, above.manager_id) if above.manager_id is not None else None
    if manager is not None and manager.kind != Kind.STAFF:
        raise Refused("{name} is not one of your own people, so can not be a manager.", name=manager.name)
    member.manager_id = manager.id if manager is not None else None
    return _saved(session, member)


def set_away(session: Session, member: Member, until: datetime | None) -> Member:
    """Say until when a member gets no tickets, an aware time (`OPEN_END`: until they say so); None brings them back.

    Raises Refused for anyone who is not staff.
    """
    if member.kind != Kind.STAFF:
        raise Refused("{name} is not one of your own people, so is given no tickets anyway.", name=member.name)
    member.away_until = until
    return _saved(session, member)


def _saved(session: Session, member: Member) -> Member:
    if session.is_modified(member):
        session.flush()
        notify(session, MEMBERS_CHANGED, f"{member.workspace_id} {member.id}")
    return member


def _is_admin(session: Session, member_id: str, profile: Mapping[str, Any], admins: Collection[str]) -> bool:
    if member_id in admins or any(profile.get(flag) for flag in ("is_admin", "is_owner", "is_primary_owner")):
        return True
    installed = session.get(Installation, current_workspace(session))
    return installed is not None and installed.installed_by == member_id


def _name(profile: Mapping[str, Any], member_id: str) -> str:
    details = profile.get("profile") or {}
    for name in (details.get("display_name"), details.get("real_name"), profile.get("real_name"), profile.get("name")):
        if cleaned := _clean(name, NAME_LIMIT):
            return cleaned
    return member_id


def _clean(text: Any, limit: int) -> str | None:
    """Cut what another system sent to what can be stored, as there is nobody to ask."""
    if not isinstance(text, str):
        return None
    return text.encode("utf-8", "ignore").decode().replace("\x00", "").strip()[:limit] or None
