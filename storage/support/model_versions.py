"""Keep the models a workspace has learned: what each was worth, its weights, and which one is live."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, select, text
from sqlalchemy.orm import Mapped, Session, defer, mapped_column

from storage.database.engine import TENANT, Base, current_workspace
from storage.errors import Conflict, NotFound
from storage.records.history import Recorded
from storage.records.named import moment, one_of
from storage.support.categories import Category, Example
from storage.support.labels import Label


class State(StrEnum):
    """Say what became of a model; a refused one was no better than the one before."""

    LIVE = "live"
    RETIRED = "retired"
    REFUSED = "refused"


class ModelVersion(Recorded, Base):
    """Hold one trained model; `weights` is a file for `ml.classify.model_file`, without which none can be live.

    Those of models that answered long ago are deleted (see `storage.queues.retention`).

    `last_label_id` is the newest label it learned from. Where none is live the starter model answers.
    """

    __noun__ = "model_version"
    __audit__ = "model"
    __tablename__ = "model_version"
    __table_args__ = (
        one_of("state", tuple(State)),
        CheckConstraint("state <> 'live' OR weights IS NOT NULL", name="weights"),
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
    figures: Mapped[dict[str, Any]] = mapped_column(server_default="{}", info={"unrecorded": True})
    weights: Mapped[bytes | None] = mapped_column(info={"unrecorded": True}, deferred=True)

    __mapper_args__ = {"eager_defaults": True}

    def history_name(self) -> str:
        """Return the version, by which people know a model."""
        return self.version


@dataclass(frozen=True, slots=True)
class LearningState:
    """Hold what a workspace's model depends on at this moment; an id is None where there is no row, 0 for labels.

    `examples` is how many there are: the newest stays where an older one is taken back.
    """

    live_id: int | None
    last_label_id: int
    last_example_id: int
    examples: int
    merged: dict[str, str]
    archived: frozenset[str] = frozenset()


_STANDING = select(
    select(ModelVersion.id).where(ModelVersion.state == State.LIVE).scalar_subquery(),
    select(func.max(Label.id)).scalar_subquery(),
    select(func.max(Example.id)).scalar_subquery(),
    select(func.count(Example.id)).scalar_subquery(),
    select(func.jsonb_object_agg(Category.key, Category.merged_into))
    .where(Category.merged_into.is_not(None))
    .scalar_subquery(),
    select(func.array_agg(Category.key)).where(Category.archived_at.is_not(None)).scalar_subquery(),
)


def standing(session: Session) -> LearningState:
    """Return what the workspace's model depends on, in one look that no other workspace's rows are in."""
    row = session.execute(_STANDING).one()
    return LearningState(row[0], row[1] or 0, row[2] or 0, row[3], row[4] or {}, frozenset(row[5] or ()))


def live(session: Session) -> ModelVersion | None:
    """Return the version that answers, None where the starter model does."""
    return session.scalars(select(ModelVersion).where(ModelVersion.state == State.LIVE)).one_or_none()


def get(session: Session, version_id: int) -> ModelVersion:
    """Return a version by its number; raise NotFound if there is none."""
    row = session.get(ModelVersion, (current_workspace(session), version_id))
    if row is None:
        raise NotFound("This model no longer exists.")
    return row


def newest(session: Session, limit: int = 10) -> list[ModelVersion]:
    """Return the last versions, the newest first, without their weights."""
    statement = select(ModelVersion).options(defer(ModelVersion.weights))
    return list(session.scalars(statement.order_by(ModelVersion.id.desc()).limit(limit)))


def turn(session: Session) -> int:
    """Return a number that is another after each time a version went live; 0 where none ever did."""
    last = session.scalars(select(func.max(ModelVersion.live_at))).one()
    return int(last.timestamp() * 1_000_000) if last else 0


def before(session: Session, live: ModelVersion) -> ModelVersion | None:
    """Return the version that answered before the live one, however many were refused since; None for the starter."""
    statement = select(ModelVersion).where(
        ModelVersion.state == State.RETIRED,
        ModelVersion.live_at < (live.live_at or live.trained_at),
        ModelVersion.weights.is_not(None),
    )
    return session.scalars(statement.order_by(ModelVersion.live_at.desc()).limit(1)).first()


def weights(session: Session, version_id: int) -> bytes | None:
    """Return a version's file, None where it was not kept."""
    return session.scalars(select(ModelVersion.weights).where(ModelVersion.id == version_id)).one_or_none()


def keep(
    session: Session,
    *,
    version: str,
    figures: dict[str, Any],
    last_label_id: int,
    weights: bytes | None,
    promote: bool,
) -> ModelVersion:
    """Keep a trained model, live in the place of the one before if it is to be promoted, refused otherwise."""
    row = ModelVersion(
        workspace_id=current_workspace(session),
        version=version,
        state=State.REFUSED,
        figures=figures,
        last_label_id=last_label_id,
        weights=weights,
    )
    session.add(row)
    session.flush()
    if promote:
        make_live(session, row)
    return row


def make_live(session: Session, version: ModelVersion | None) -> None:
    """Have a version answer from now on, None for the starter model; raise Conflict if its weights were not kept."""
    now = live(session)
    if version is not None and weights(session, version.id) is None:
        raise Conflict("The weights of {version} are no longer stored.", version=version.version)
    if now is not None and now is not version:
        now.state = State.RETIRED
        session.flush()
    if version is not None and version is not now:
        version.state, version.live_at = State.LIVE, moment()
        session.flush()
