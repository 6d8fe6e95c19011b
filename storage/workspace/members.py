"""Keep the people of a workspace, what each may do, and when and in which language it is for them."""

from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Index, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, composite_key, current_workspace, notify
from storage.database.recorded import Recorded
from storage.errors import Ambiguous, Invalid, NotFound, Refused
from storage.events import MemberChanged, MemberLeft, emit
from storage.names import EMAIL_LIMIT, NAME_LIMIT, name_key, short
from storage.workspace.workspaces import Installation, Workspace

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


class MemberKind(StrEnum):
    """Tell our own people from those who are only let in; only staff can have roles."""

    STAFF = "staff"
    GUEST = "guest"
    OUTSIDE = "outside"
    BOT = "bot"


class Member(Recorded, Base):
    """Describe a Slack user as this workspace sees them; `id` is Slack's user id."""

    __noun__ = "member"
    __audit__ = "roles"
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
    # Since when what we know is what Slack says, by Slack's clock.
    seen_at: Mapped[datetime] = mapped_column(server_default=func.now(), info={"unrecorded": True})
    away_until: Mapped[datetime | None]
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}

    @property
    def is_ours(self) -> bool:
        """Tell whether the member is one of our own people, and still there."""
        return self.kind == MemberKind.STAFF and self.active

    def has(self, role: Role) -> bool:
        """Tell whether the member may act in a role: is one of ours and has it or one that implies it."""
        return self.is_ours and any(role in Role(mine).implied for mine in self.roles)

    @property
    def acts_in(self) -> frozenset[Role]:
        """Return every role that the member may act in; none of somebody who is none of ours."""
        return frozenset().union(*(Role(mine).implied for mine in self.roles)) if self.is_ours else frozenset()

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
        select(Member).where(Member.kind == MemberKind.STAFF, Member.active).order_by(Member.name, Member.id)
    )
    return [member for member in found if role is None or member.has(role)]


def called(session: Session, typed: str) -> Member:
    """Return the one of our own people of this name, or with these words in it, each perhaps only begun.

    Raises Ambiguous with the candidates if several answer, NotFound if nobody does.
    """
    key = name_key(typed)
    people = staff(session)
    found = [member for member in people if name_key(member.name) == key] if key else []
    found = found or [member for member in people if key and _begins(key.split(), name_key(member.name).split())]
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous(
            "There is more than one person called {name}.",
            candidates=found[:5],
            hint="Write @ and pick a name.",
            name=typed,
            typed=typed,
        )
    raise NotFound(
        "{value} is not a person I can see.", hint="Write @ and pick a name.", typed=typed, value=short(typed, 80)
    )


def _begins(typed: Sequence[str], names: Sequence[str]) -> bool:
    return all(any(name.startswith(word) for name in names) for word in typed)


def ensure(
    session: Session,
    member_id: str,
    profile: Mapping[str, Any],
    *,
    admins: Collection[str] = (),
    at: datetime | None = None,
) -> Member:
    """Return a member with what Slack (users.info's `user`) said `at` a moment; else at its `read_at`, or now.

    Who is new is created. What is older than what we know changes nothing. Whoever becomes one of our own people, for
    the first time or again, gets the workspace's default roles; whoever is none any more loses all. Slack's admins and
    owners, who installed Rapport and those in `admins` are admins, then and at every later time. Raises Refused if the
    workspace is not installed.
    """
    workspace = session.get(Workspace, current_workspace(session))
    if workspace is None:
        raise Refused("Rapport is not installed in this workspace.")
    heard_at = at or profile.get("read_at") or datetime.now(UTC)
    # Several requests of somebody new may come at once.
    first = {"workspace_id": workspace.id, "id": member_id, "name": member_id, "kind": MemberKind.GUEST, "version": 1}
    new = insert(Member).values(**first, seen_at=heard_at).on_conflict_do_nothing().returning(Member.id)
    is_new = session.scalar(new) is not None
    member = session.get_one(Member, (workspace.id, member_id), with_for_update=True, populate_existing=True)
    if heard_at < member.seen_at:
        return member
    was_ours, was_called, had_email = member.is_ours, member.name, member.email
    for name, value in _told(member, profile).items():
        setattr(member, name, value)
    if member.is_ours and not was_ours:
        member.roles = list(workspace.default_roles)
    member.roles = _roles(session, member, profile, admins)
    if was_ours and not member.is_ours:
        emit(session, MemberLeft(member))
    if not is_new and (was_called, had_email) != (member.name, member.email):
        emit(session, MemberChanged(member, was_called, had_email))
    if not session.is_modified(member):
        heard(session, [member_id], heard_at)
        return member
    member.seen_at = max(heard_at, member.seen_at)
    return _saved(session, member)


def gone(session: Session, member_id: str, at: datetime) -> None:
    """Note that Slack did not know a member any more at a moment; what is older than what we know changes nothing."""
    member = session.get(Member, (current_workspace(session), member_id), with_for_update=True, populate_existing=True)
    if member is None or at < member.seen_at:
        return
    if member.is_ours:
        emit(session, MemberLeft(member))
    member.active, member.roles, member.seen_at = False, [], at
    _saved(session, member)


def is_news(session: Session, member: Member, profile: Mapping[str, Any], *, admins: Collection[str] = ()) -> bool:
    """Tell whether what Slack says of a member differs from what we know."""
    told = _told(member, profile)
    if any(getattr(member, name) != value for name, value in told.items()):
        return True
    return sorted(member.roles) != sorted(_roles(session, member, profile, admins))


def heard(session: Session, member_ids: Collection[str], at: datetime) -> None:
    """Note that Slack said of these people at a moment what we know; who is being changed just now is left alone."""
    mine = (Member.workspace_id == current_workspace(session), Member.id.in_(member_ids), Member.seen_at < at)
    # Not waiting for anybody, as whoever changes two people may lock them in another order.
    free = select(Member.id).where(*mine).with_for_update(skip_locked=True, key_share=True)
    session.execute(
        update(Member)
        .where(Member.workspace_id == current_workspace(session), Member.id.in_(free.scalar_subquery()))
        .values(seen_at=at)
        .execution_options(synchronize_session=False)
    )


def unheard(session: Session, since: datetime, *, after: str = "", limit: int) -> list[Member]:
    """Return those still there of whom Slack has said nothing since a moment, by id, the next after one."""
    mine = (Member.workspace_id == current_workspace(session), Member.active, Member.seen_at <= since)
    return list(session.scalars(select(Member).where(*mine, Member.id > after).order_by(Member.id).limit(limit)))


def known(session: Session, member_ids: Collection[str]) -> list[Member]:
    """Return those of these people whom we have met, by id."""
    mine = (Member.workspace_id == current_workspace(session), Member.id.in_(member_ids))
    return list(session.scalars(select(Member).where(*mine).order_by(Member.id)))


def _told(member: Member, profile: Mapping[str, Any]) -> dict[str, Any]:
    """Return what Slack's word makes of a member; of a closed account it no longer says of which kind it was."""
    details = profile.get("profile") or {}
    closed = bool(profile.get("deleted", False))
    return {
        "kind": member.kind if closed else kind_of(profile, member.workspace_id).value,
        "active": not closed,
        "name": _name(profile, member.name),
        "email": _clean(details.get("email"), EMAIL_LIMIT) if details else member.email,
        "zone": _clean(profile.get("tz"), NAME_LIMIT) or member.zone,
        # An event does not tell it.
        "locale": _clean(profile.get("locale"), NAME_LIMIT) or member.locale,
    }


def _roles(session: Session, member: Member, profile: Mapping[str, Any], admins: Collection[str]) -> list[str]:
    if not member.is_ours:
        return []
    if Role.ADMIN not in member.roles and _is_admin(session, member.id, profile, admins):
        return sorted({*member.roles, Role.ADMIN})
    return list(member.roles)


def kind_of(profile: Mapping[str, Any], workspace_id: str) -> MemberKind:
    """Return whether Slack's users.info describes one of our own people, a guest, an outsider or a bot."""
    if profile.get("is_bot") or profile.get("id") == SLACKBOT:
        return MemberKind.BOT
    teams = {profile.get("team_id") or workspace_id, *(profile.get("enterprise_user") or {}).get("teams", ())}
    if profile.get("is_stranger") or workspace_id not in teams:
        return MemberKind.OUTSIDE
    if profile.get("is_restricted") or profile.get("is_ultra_restricted"):
        return MemberKind.GUEST
    return MemberKind.STAFF


def set_roles(session: Session, member: Member, roles: Collection[Role]) -> Member:
    """Give a member exactly these roles; raise Refused for anyone who is not staff, and for the last admin."""
    if roles and not member.is_ours:
        raise Refused("{name} is not on your team, so cannot have a role.", name=member.name)
    if member.has(Role.ADMIN) and Role.ADMIN not in roles and len(staff(session, Role.ADMIN)) == 1:
        raise Refused("{name} is the last admin. Make someone else an admin first.", name=member.name)
    member.roles = sorted(set(roles))
    return _saved(session, member)


def make_admin(session: Session, member_id: str) -> Member:
    """Make one of our own people an admin whom the operator named one; nobody else becomes anything by it."""
    mine = (current_workspace(session), member_id)
    member = session.get_one(Member, mine, with_for_update=True, populate_existing=True)
    if member.is_ours:
        member.roles = sorted({*member.roles, Role.ADMIN})
    return _saved(session, member)


def set_manager(session: Session, member: Member, manager: Member | None) -> Member:
    """Say to whom a member reports, None for nobody; raise Invalid if that made them their own superior."""
    above = manager
    while above is not None:
        if above.id == member.id:
            raise Invalid("{name} cannot be their own manager.", field="manager", name=member.name)
        above = get(session, above.manager_id) if above.manager_id is not None else None
    if manager is not None and not manager.is_ours:
        raise Refused("{name} is not on your team, so cannot be a manager.", name=manager.name)
    member.manager_id = manager.id if manager is not None else None
    return _saved(session, member)


def set_away(session: Session, member: Member, until: datetime | None) -> Member:
    """Say until when a member gets no tickets, an aware time (`OPEN_END`: until they say so); None brings them back.

    Raises Refused for anyone who is not staff.
    """
    if not member.is_ours:
        raise Refused("{name} is not on your team, so gets no tickets anyway.", name=member.name)
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


def _name(profile: Mapping[str, Any], otherwise: str) -> str:
    details = profile.get("profile") or {}
    for name in (details.get("display_name"), details.get("real_name"), profile.get("real_name"), profile.get("name")):
        if cleaned := _clean(name, NAME_LIMIT):
            return cleaned
    return otherwise


def _clean(text: Any, limit: int) -> str | None:
    """Cut what another system sent to what can be stored, as there is nobody to ask."""
    if not isinstance(text, str):
        return None
    return short(text.encode("utf-8", "ignore").decode().replace("\x00", "").strip(), limit) or None
