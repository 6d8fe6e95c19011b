"""Keep what people said a message really is: every correction teaches the next model."""

from collections.abc import Iterator
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Identity, Index, and_, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database import TENANT, Base, current_workspace
from storage.messages import IncomingMessage, message_reference
from storage.names import check_name, name_key
from storage.records import one_of


class Source(StrEnum):
    """Say by which act a person labelled a message."""

    CORRECTED = "corrected"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"
    MERGED = "merged"


class Label(Base):
    """Hold one correction: who said when that a message is of another category than the model or a person before said.

    `model_version` is the model's whose category stood on the message, also where people corrected it since.
    """

    __tablename__ = "label"
    __table_args__ = (
        message_reference("CASCADE"),
        Index(None, "workspace_id", "message_id", "id"),
        one_of("source", tuple(Source)),
        {"info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    message_id: Mapped[int]
    message_at: Mapped[datetime]
    actor_id: Mapped[str | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    model_version: Mapped[str | None]
    old_category: Mapped[str | None]
    new_category: Mapped[str]
    source: Mapped[str] = mapped_column(server_default=Source.CORRECTED.value)

    __mapper_args__ = {"eager_defaults": True}


def correct(
    session: Session,
    message: IncomingMessage,
    category: str,
    *,
    actor_id: str | None,
    source: Source = Source.CORRECTED,
) -> Label:
    """Say what category a message is of, in lower case, and keep what it was thought to be and by which act.

    Confirming the model's category is a label too. Raises Invalid if the category can not be stored.
    """
    label = Label(
        workspace_id=current_workspace(session),
        message_id=message.id,
        message_at=message.at,
        actor_id=actor_id,
        model_version=message.model_version,
        old_category=message.category,
        new_category=name_key(check_name(category, field="category")),
        source=source,
    )
    message.category = label.new_category
    session.add(label)
    session.flush()
    return label


def of_message(session: Session, message: IncomingMessage) -> list[Label]:
    """Return what people said of a message, oldest first."""
    return list(session.scalars(select(Label).where(Label.message_id == message.id).order_by(Label.id)))


def take_back(session: Session, message: IncomingMessage) -> None:
    """Forget what was said of a message last, and let it be of the category again that it was thought to be of."""
    last = session.scalars(
        select(Label).where(Label.message_id == message.id).order_by(Label.id.desc()).limit(1)
    ).first()
    if last is not None:
        message.category = last.old_category
        session.delete(last)
        session.flush()


def examples(session: Session) -> Iterator[tuple[str, str]]:
    """Yield text and category of every labelled message of the workspace, by the last person who said."""
    last = select(func.max(Label.id).label("id")).group_by(Label.message_id, Label.message_at).subquery()
    same = and_(
        IncomingMessage.workspace_id == Label.workspace_id,
        IncomingMessage.id == Label.message_id,
        IncomingMessage.at == Label.message_at,
    )
    statement = select(IncomingMessage.text, Label.new_category).join(Label, same).join(last, last.c.id == Label.id)
    for row in session.execute(statement.order_by(Label.id).execution_options(yield_per=1000)):
        yield row.text, row.new_category
