"""Describe pipelines, their stages and the moves of deals between them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, Select, SmallInteger, Text, func, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Conflict
from storage.names import name_key
from storage.records.named import NamedSetting, one_of, setting_args

FIRST = "Sales"
"""The name of the pipeline that a workspace begins with."""


class Outcome(StrEnum):
    """Say what being in a stage means for a deal."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


class Pipeline(NamedSetting, Base):
    """Name an order of stages; a workspace has one that is the default."""

    __noun__ = "pipeline"
    __audit__ = "pipelines"
    __letter__ = "PL"
    __tablename__ = "pipeline"
    __table_args__ = (
        *setting_args("pipeline"),
        Index("pipeline_default_key", "workspace_id", unique=True, postgresql_where=text("is_default")),
        {"info": TENANT},
    )

    # The one that the release before adds is called so.
    name_key: Mapped[str] = mapped_column(Text(collation="C"), server_default=name_key(FIRST))
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))

    def check_archive(self) -> None:
        """Raise Conflict for the default pipeline, and for one whose stages have deals."""
        if self.is_default:
            raise Conflict("{name} is the pipeline that deals begin in, so it stays.", name=self.name)
        session = object_session(self)
        assert session is not None
        for one in stages_of(session, self.id):
            one.hold_alone()
            one.check_unused()

    def check_merge(self, kept: Any) -> None:
        """Raise Conflict: stages are merged, one by one."""
        raise Conflict("Pipelines cannot be merged.", hint="Merge their stages, then archive the one that is empty.")


class Stage(NamedSetting, Base):
    """Hold a step of a pipeline; `probability` is the chance in percent that a deal there is won."""

    __noun__ = "stage"
    __audit__ = "pipelines"
    __letter__ = "ST"
    __tablename__ = "stage"
    __table_args__ = (
        *setting_args("stage"),
        composite_key("pipeline_id", "pipeline", ondelete="CASCADE"),
        composite_key("closing_into_id", "stage", ondelete="SET NULL"),
        Index(
            "stage_live_name_key",
            "workspace_id",
            "pipeline_id",
            "name_key",
            unique=True,
            postgresql_where=text("part_of_id IS NULL AND archived_at IS NULL"),
        ),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        one_of("outcome", tuple(Outcome)),
        {"info": TENANT},
    )

    pipeline_id: Mapped[int]
    position: Mapped[int] = mapped_column(SmallInteger)
    probability: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str]
    # What its deals are about to become; none enters it any more. Only a step on the way, so not in the history.
    closing_into_id: Mapped[int | None] = mapped_column(info={"unrecorded": True})

    def check_archive(self) -> None:
        """Raise Conflict for a stage that deals are in, and for the last one of a pipeline to be open, won or lost."""
        session = object_session(self)
        assert session is not None
        self.hold_alone()
        super().check_archive()
        if not any(one.outcome == self.outcome and one.id != self.id for one in stages_of(session, self.pipeline_id)):
            raise Conflict("{name} is the only stage of its kind, so it stays.", name=self.name)

    def check_merge(self, kept: Any) -> None:
        """Raise Conflict for a stage of another pipeline, or one that means something else for its deals."""
        self.hold_alone()
        if (self.pipeline_id, self.outcome) != (kept.pipeline_id, kept.outcome):
            raise Conflict(
                "{gone} and {kept} are not of one pipeline and kind, so they cannot be merged.",
                gone=self.name,
                kept=kept.name,
                field="into",
            )

    def hold_alone(self) -> None:
        """Wait for whoever is about to put a deal into the stage, and let nobody else until the transaction ends."""
        session = object_session(self)
        assert session is not None
        session.flush()
        session.refresh(self, with_for_update=True)


class StageChange(Base):
    """Record that a deal came into a stage; the first has no stage before it."""

    __tablename__ = "stage_change"
    __table_args__ = (
        composite_key("deal_id", "deal", ondelete="CASCADE"),
        composite_key("from_stage_id", "stage", ondelete="SET NULL"),
        composite_key("to_stage_id", "stage", ondelete="CASCADE"),
        Index(None, "workspace_id", "deal_id", "at"),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    deal_id: Mapped[int]
    from_stage_id: Mapped[int | None]
    to_stage_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    actor_id: Mapped[str | None]


def stages_of(session: Session, pipeline_id: int) -> list[Stage]:
    """Return a pipeline's stages that are in use, in order."""
    return list(session.scalars(live_stages().where(Stage.pipeline_id == pipeline_id)))


def live_stages() -> Select[Stage]:
    """Return a statement of all stages that deals may enter, in order."""
    live = (Stage.merged_into_id.is_(None), Stage.archived_at.is_(None), Stage.closing_into_id.is_(None))
    return select(Stage).where(*live).order_by(Stage.position, Stage.id)


def placed(given: Sequence[tuple[str, int, str]]) -> list[tuple[str, dict[str, Any]]]:
    """Return the names of stages, each with how likely it is won, what it means and its place."""
    return [
        (name, {"probability": probability, "outcome": outcome, "position": position})
        for position, (name, probability, outcome) in enumerate(given, start=1)
    ]
