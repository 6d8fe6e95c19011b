"""Keep the models a workspace has learned: what each was worth, its weights, and which one is live."""

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, text
from sqlalchemy.orm import Mapped, mapped_column

from storage.database import TENANT, Base
from storage.records import one_of


class State(StrEnum):
    """Say what became of a model; a refused one was no better than the one before."""

    LIVE = "live"
    RETIRED = "retired"
    REFUSED = "refused"


class ModelVersion(Base):
    """Hold one trained model; `weights` is the file that `ml.model_file` reads, without which none can be live.

    `last_label_id` is the newest label it learned from. Where none is live the starter model answers.
    """

    __tablename__ = "model_version"
    __table_args__ = (
        one_of("state", tuple(State)),
        CheckConstraint("state = 'refused' OR weights IS NOT NULL", name="weights"),
        Index("model_version_live_key", "workspace_id", unique=True, postgresql_where=text("state = 'live'")),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    version: Mapped[str]
    state: Mapped[str]
    trained_at: Mapped[datetime] = mapped_column(server_default=func.now())
    live_at: Mapped[datetime | None]
    last_label_id: Mapped[int] = mapped_column(server_default="0")
    figures: Mapped[dict[str, Any]] = mapped_column(server_default="{}")
    weights: Mapped[bytes | None]
