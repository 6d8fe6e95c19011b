"""Keep the people of a workspace, what each may do, and when and in which language it is for them."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index, func
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import TENANT, Base, composite_key
from storage.history.recorded import Recorded
from storage.workspaces import Workspace


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
    version: Mapped[int] = mapped_column()

    __mapper_args__ = {"version_id_col": version}

    def has(self, role: Role) -> bool:
        """Tell whether the member may act in a role: has it or one that implies it, is staff, and still there."""
        if self.kind != Kind.STAFF or not self.active:
            return False
        return any(role in Role(mine).implied for mine in self.roles)
