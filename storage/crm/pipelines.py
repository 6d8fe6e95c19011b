"""Keep the pipeline deals move through: its stages, how likely each is to be won, and every move."""

import re
from collections.abc import Sequence
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, SmallInteger, func, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.errors import NotFound
from storage.names import name_key
from storage.records.named import Key, one_of


class Outcome(StrEnum):
    """Say what being in a stage means for a deal."""

    OPEN = "open"
    WON = "won"
    LOST = "lost"


STANDARD_STAGES: Sequence[tuple[str, int, Outcome]] = (
    ("Lead", 10, Outcome.OPEN),
    ("Qualified", 25, Outcome.OPEN),
    ("Proposal", 50, Outcome.OPEN),
    ("Negotiation", 75, Outcome.OPEN),
    ("Won", 100, Outcome.WON),
    ("Lost", 0, Outcome.LOST),
)


class Pipeline(Base):
    """Name an order of stages; a workspace has one that is the default."""

    __tablename__ = "pipeline"
    __table_args__ = (
        Index("pipeline_default_key", "workspace_id", unique=True, postgresql_where=text("is_default")),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    is_default: Mapped[bool] = mapped_column(server_default=text("false"))


class Stage(Base):
    """Hold a step of a pipeline; `probability` is the chance in percent that a deal there is won."""

    __tablename__ = "stage"
    __table_args__ = (
        composite_key("pipeline_id", "pipeline", ondelete="CASCADE"),
        Index("stage_name_key", "workspace_id", "pipeline_id", "name_key", unique=True),
        CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        one_of("outcome", tuple(Outcome)),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    pipeline_id: Mapped[int]
    name: Mapped[str]
    name_key: Mapped[Key]
    position: Mapped[int] = mapped_column(SmallInteger)
    probability: Mapped[int] = mapped_column(SmallInteger)
    outcome: Mapped[str]


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


def default(session: Session) -> Pipeline:
    """Return the workspace's default pipeline; make it, with the standard stages, where there is none yet.

    Safe against two that make it at the same moment: one waits for the other and finds its pipeline.
    """
    statement = select(Pipeline).where(Pipeline.is_default)
    found = session.scalars(statement).one_or_none()
    if found is not None:
        return found
    made = session.scalars(
        insert(Pipeline)
        .values(workspace_id=current_workspace(session), name="Sales", is_default=True)
        .on_conflict_do_nothing()
        .returning(Pipeline)
    ).one_or_none()
    if made is None:
        return session.scalars(statement).one()
    session.add_all(
        Stage(
            workspace_id=made.workspace_id,
            pipeline_id=made.id,
            name=name,
            name_key=name_key(name),
            position=position,
            probability=probability,
            outcome=outcome,
        )
        for position, (name, probability, outcome) in enumerate(STANDARD_STAGES, start=1)
    )
    session.flush()
    return made


def all_of(session: Session) -> list[Pipeline]:
    """Return the workspace's pipelines, the default one first."""
    return list(session.scalars(select(Pipeline).order_by(Pipeline.is_default.desc(), Pipeline.id)))


def stages(session: Session, pipeline_id: int | None = None) -> list[Stage]:
    """Return a pipeline's stages in order; the default pipeline's if none is named."""
    wanted = default(session).id if pipeline_id is None else pipeline_id
    return list(session.scalars(select(Stage).where(Stage.pipeline_id == wanted).order_by(Stage.position, Stage.id)))


# "to negotiation", as people say where a deal goes.
_TO = re.compile(r"^(?:to|into|nach|zu|à|到)\s*\b")


def resolve_stage(session: Session, typed: str, pipeline_id: int | None = None) -> Stage:
    """Return the stage with this name or the only one that begins so; raise NotFound naming all stages."""
    key = name_key(typed)
    known = stages(session, pipeline_id)
    # "negotiation." in a sentence.
    bare = key.rstrip(".,;:!?。，；：！？")
    for matches in (
        [stage for stage in known if stage.name_key == key],
        [stage for stage in known if bare and stage.name_key.startswith(bare)],
        [stage for stage in known if stage.name_key == bare],
        [stage for stage in known if (said := _TO.sub("", bare)) and stage.name_key.startswith(said)],
    ):
        if len(matches) == 1:
            return matches[0]
    raise NotFound(
        "There is no stage called {name}.",
        hint="The stages are {stages}.",
        candidates=known,
        field="stage",
        typed=typed,
        name=typed,
        stages=", ".join(stage.name for stage in known),
    )


def stage(session: Session, stage_id: int) -> Stage:
    """Return the stage with this number; raise NotFound if there is none."""
    found = session.get(Stage, (current_workspace(session), stage_id))
    if found is None:
        raise NotFound("This stage is gone.", field="stage", hint="Choose another.")
    return found


def open_stages(session: Session) -> list[Stage]:
    """Return the stages of the default pipeline in which a deal is open, in order."""
    return [one for one in stages(session) if one.outcome == Outcome.OPEN]


def stage_with(session: Session, outcome: Outcome, pipeline_id: int) -> Stage:
    """Return the first stage of a pipeline with this outcome; raise NotFound if it has none."""
    for stage in stages(session, pipeline_id):
        if stage.outcome == outcome:
            return stage
    raise NotFound("This pipeline has no stage for {outcome} deals.", outcome=str(outcome))


def changes(session: Session, deal_id: int) -> list[StageChange]:
    """Return a deal's moves, oldest first."""
    statement = select(StageChange).where(StageChange.deal_id == deal_id).order_by(StageChange.at, StageChange.id)
    return list(session.scalars(statement))
