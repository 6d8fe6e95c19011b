"""Keep the workspaces that installed Rapport and how each wants to be served."""

from datetime import datetime

from sqlalchemy import func
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import TENANT, Base


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
