"""Keep the workspaces that installed Rapport and how each wants to be served."""

from datetime import datetime

from sqlalchemy import ForeignKey, func
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import QUEUE, TENANT, Base


class Workspace(Base):
    """Describe one Slack workspace; `id` is Slack's team id."""

    __tablename__ = "workspace"
    __table_args__ = {"info": TENANT}

    id: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str]
    currency: Mapped[str] = mapped_column(server_default="USD")
    zone: Mapped[str] = mapped_column(server_default="UTC")
    locale: Mapped[str] = mapped_column(server_default="en-US")
    default_roles: Mapped[list[str]] = mapped_column(server_default="{rep,agent}")
    triage_channel_id: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    set_up_at: Mapped[datetime | None]


class Installation(Base):
    """Keep what Slack gave us when a workspace installed the app.

    The token is sealed (see `storage.secrets`), or null if it is in the environment or was revoked.
    """

    __tablename__ = "installation"
    __table_args__ = {"info": QUEUE}

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    app_id: Mapped[str | None]
    bot_id: Mapped[str | None]
    bot_user_id: Mapped[str | None]
    sealed_token: Mapped[str | None]
    key_id: Mapped[str | None]
    scopes: Mapped[list[str]] = mapped_column(server_default="{}")
    installed_by: Mapped[str | None]
    installed_at: Mapped[datetime] = mapped_column(server_default=func.now())
    revoked_at: Mapped[datetime | None]
