"""Hold the webhooks of a workspace, and each event that one is told of."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database.engine import QUEUE, Base, composite_key
from storage.database.recorded import Recorded
from storage.workspace.workspaces import Workspace

CHANNEL = "rapport_webhooks"
"""The NOTIFY channel that says that there is something to tell a webhook."""
OPEN = "state IN ('pending', 'sending')"
_UNRECORDED = {"unrecorded": True}


class Webhook(Recorded, Base):
    """Describe where events are sent; `events` are patterns such as `deal.won`, `ticket.*` and `*`.

    Only one that is `sensitive` is told the values of sensitive fields. `secret` signs, and so does `old_secret` until
    `old_until`. It is not tried before `not_before`; `failures` in a row began at `failing_since`. What Rapport gave up
    for itself is `disabled_at` a time, what an admin did `paused_at` one.
    """

    __noun__ = "webhook"
    __audit__ = "keys"
    __tablename__ = "webhook"
    __table_args__ = (
        Index(
            "webhook_name_key_idx",
            "workspace_id",
            "name_key",
            unique=True,
            postgresql_where=text("removed_at IS NULL"),
        ),
        {"info": QUEUE},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    url: Mapped[str]
    events: Mapped[list[str]]
    sensitive: Mapped[bool] = mapped_column(server_default="false")
    paused_at: Mapped[datetime | None]
    removed_at: Mapped[datetime | None]
    created_by: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now(), info=_UNRECORDED)
    secret: Mapped[str] = mapped_column(info=_UNRECORDED)
    old_secret: Mapped[str | None] = mapped_column(info=_UNRECORDED)
    old_until: Mapped[datetime | None] = mapped_column(info=_UNRECORDED)
    failures: Mapped[int] = mapped_column(server_default="0", info=_UNRECORDED)
    failing_since: Mapped[datetime | None] = mapped_column(info=_UNRECORDED)
    not_before: Mapped[datetime] = mapped_column(server_default=func.now(), info=_UNRECORDED)
    disabled_at: Mapped[datetime | None] = mapped_column(info=_UNRECORDED)

    __mapper_args__ = {"eager_defaults": True}

    @property
    def is_on(self) -> bool:
        """Tell whether events are sent to it."""
        return self.removed_at is None and self.paused_at is None and self.disabled_at is None


class WebhookDelivery(Base):
    """Hold one event that a webhook is told of; its body is drawn from the record whenever it is sent.

    `changed` names the attributes that changed, `detail` what else it takes to find what it is about. Of one record a
    webhook is told in the order of `seq`. `fence` counts the claims: only who holds the newest may mark the row.
    `status` is what the other program answered, `took_ms` how long that took, `reason` why it counts as not delivered.
    """

    __tablename__ = "webhook_delivery"
    __table_args__ = (
        composite_key("webhook_id", "webhook", ondelete="CASCADE"),
        CheckConstraint("state IN ('pending', 'sending', 'sent', 'dead', 'cancelled')", name="state"),
        CheckConstraint("state <> 'sending' OR lease_until IS NOT NULL", name="lease"),
        Index("webhook_delivery_open_idx", "workspace_id", "webhook_id", "seq", postgresql_where=text(OPEN)),
        Index(
            "webhook_delivery_record_idx",
            "workspace_id",
            "webhook_id",
            "noun",
            "record_id",
            "seq",
            postgresql_where=text(OPEN),
        ),
        Index("webhook_delivery_log_idx", "workspace_id", "webhook_id", "seq"),
        Index("webhook_delivery_old_idx", "workspace_id", "created_at"),
        {"info": QUEUE},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[UUID] = mapped_column(primary_key=True)
    seq: Mapped[int] = mapped_column(Identity())
    webhook_id: Mapped[int]
    event: Mapped[str]
    noun: Mapped[str]
    record_id: Mapped[int]
    change_set_id: Mapped[int | None]
    changed: Mapped[list[str]] = mapped_column(server_default="{}")
    detail: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    state: Mapped[str] = mapped_column(server_default="pending")
    attempt: Mapped[int] = mapped_column(server_default="0")
    fence: Mapped[int] = mapped_column(server_default="0")
    lease_until: Mapped[datetime | None]
    not_before: Mapped[datetime] = mapped_column(server_default=func.now())
    status: Mapped[int | None] = mapped_column(SmallInteger)
    took_ms: Mapped[int | None]
    reason: Mapped[str | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    tried_at: Mapped[datetime | None]
