"""Keep what people said a message really is: every correction teaches the next model."""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from sqlalchemy import ColumnElement, ForeignKey, Identity, Index, and_, bindparam, exists, func, select, tuple_
from sqlalchemy.orm import Mapped, Session, aliased, mapped_column

from storage.database.engine import TENANT, Base, current_workspace, notify
from storage.names import check_name, name_key
from storage.records.named import one_of
from storage.references import reference
from storage.support.messages import IncomingMessage, message_reference

LABELS_CHANGED = "rapport_labels"
"""Tells, with workspace and message, that what people said of a message is another than before."""
READ_CHARACTERS = 4_000
"""As much of a message as the estimators read."""

_CHANGED_HERE = "rapport.labels"


class LabelSource(StrEnum):
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
        Index("label_at_idx", "workspace_id", "at"),
        one_of("source", tuple(LabelSource)),
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
    source: Mapped[str] = mapped_column(server_default=LabelSource.CORRECTED.value)

    __mapper_args__ = {"eager_defaults": True}


@dataclass(frozen=True, slots=True)
class Said:
    """Hold the last word of people on a message; `first_id` is the label that was given it first."""

    message_id: int
    label_id: int
    text: str
    category: str
    first_id: int


def correct(
    session: Session,
    message: IncomingMessage,
    category: str,
    *,
    actor_id: str | None,
    source: LabelSource = LabelSource.CORRECTED,
) -> Label:
    """Say what category a message is of, in lower case, and keep what it was thought to be and by which act.

    Confirming the model's category is a label too. Raises Invalid if the category cannot be stored.
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
    changed(session, message)
    return label


_OF_MESSAGE = select(Label).where(Label.message_id == bindparam("message")).order_by(Label.id)


def of_message(session: Session, message: IncomingMessage) -> list[Label]:
    """Return what people said of a message, oldest first."""
    return list(session.scalars(_OF_MESSAGE, {"message": message.id}))


def take_back(session: Session, message: IncomingMessage) -> None:
    """Forget what was said of a message last, and let it be of the category again that it was thought to be of."""
    last = session.scalars(
        select(Label).where(Label.message_id == message.id).order_by(Label.id.desc()).limit(1)
    ).first()
    if last is not None:
        message.category = last.old_category
        session.delete(last)
        session.flush()
        changed(session, message)


def changed(session: Session, message: IncomingMessage) -> None:
    """Tell every process that a labelled message, or what people said of it, is another than before."""
    session.info[_CHANGED_HERE] = True
    notify(session, LABELS_CHANGED, f"{message.workspace_id} {message.id}")


def changed_here(session: Session) -> bool:
    """Tell whether this transaction changed labels, so that what it reads of them may never come true."""
    return _CHANGED_HERE in session.info


def last_words(session: Session, *, after: int = 0, limit: int) -> list[Said]:
    """Return what people said last of messages labelled after a label, those labelled last first."""
    return _last_words(session, Label.id > after, limit=limit)


def last_words_on(session: Session, message_ids: Collection[int]) -> list[Said]:
    """Return what people said last of these messages; those of which nobody says anything (any more) are missing."""
    return _last_words(session, Label.message_id.in_(message_ids), limit=None)


def count_after(session: Session, after: int) -> int:
    """Return how many labels came after one."""
    return session.scalars(select(func.count()).select_from(Label).where(Label.id > after)).one()


def counts(session: Session) -> dict[str, int]:
    """Return how often each category was said."""
    statement = select(Label.new_category, func.count()).group_by(Label.new_category)
    return {row[0]: row[1] for row in session.execute(statement)}


def newest(session: Session, limit: int) -> list[tuple[Label, str]]:
    """Return the last labels with the text of their messages, newest first."""
    statement = select(Label, IncomingMessage.text).join(IncomingMessage, _same_message())
    return [(label, text) for label, text in session.execute(statement.order_by(Label.id.desc()).limit(limit))]


def messages_since(session: Session, since: datetime) -> Iterator[tuple[str, str, str | None]]:
    """Yield ticket reference (or Slack's ts), text and what people said last of each message since, oldest first.

    Of a ticket's messages it is the first, which its card shows; what belongs to no ticket is there too.
    """
    said = (
        select(Label.new_category)
        .where(Label.workspace_id == IncomingMessage.workspace_id, Label.message_id == IncomingMessage.id)
        .order_by(Label.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    earlier = aliased(IncomingMessage)
    follows = exists().where(
        earlier.workspace_id == IncomingMessage.workspace_id,
        earlier.ticket_id == IncomingMessage.ticket_id,
        tuple_(earlier.at, earlier.id) < tuple_(IncomingMessage.at, IncomingMessage.id),
    )
    statement = select(IncomingMessage.ticket_id, IncomingMessage.ts, IncomingMessage.text, said)
    statement = statement.where(IncomingMessage.at >= since, ~follows).order_by(IncomingMessage.at)
    for ticket_id, ts, text, category in session.execute(statement.execution_options(yield_per=1000)):
        yield reference("ticket", ticket_id) if ticket_id else ts, text, category


def _last_words(session: Session, which: ColumnElement[bool], *, limit: int | None) -> list[Said]:
    last = (
        select(Label.message_id, Label.message_at, func.max(Label.id).label("id"))
        .where(which)
        .group_by(Label.message_id, Label.message_at)
        .order_by(func.max(Label.id).desc())
        .limit(limit)
        .subquery()
    )
    first = aliased(Label)
    first_id = (
        select(func.min(first.id))
        .where(first.workspace_id == Label.workspace_id, first.message_id == Label.message_id)
        .scalar_subquery()
    )
    statement = (
        select(
            Label.message_id, Label.id, func.left(IncomingMessage.text, READ_CHARACTERS), Label.new_category, first_id
        )
        .join(last, last.c.id == Label.id)
        .join(IncomingMessage, _same_message())
        .order_by(Label.id.desc())
    )
    return [Said(*row) for row in session.execute(statement)]


def _same_message() -> ColumnElement[bool]:
    return and_(
        IncomingMessage.workspace_id == Label.workspace_id,
        IncomingMessage.id == Label.message_id,
        IncomingMessage.at == Label.message_at,
    )


def examples(session: Session) -> Iterator[tuple[str, str]]:
    """Yield text and category of every labelled message of the workspace, by the last person who said."""
    last = select(func.max(Label.id).label("id")).group_by(Label.message_id, Label.message_at).subquery()
    statement = select(IncomingMessage.text, Label.new_category).join(Label, _same_message())
    statement = statement.join(last, last.c.id == Label.id)
    for row in session.execute(statement.order_by(Label.id).execution_options(yield_per=1000)):
        yield row.text, row.new_category


def resolve(merged: Mapping[str, str], key: str) -> str:
    """Return the category that one was merged into, at the end of the chain; itself if it was not merged."""
    seen = {key}
    while (into := merged.get(key)) is not None and into not in seen:
        seen.add(into)
        key = into
    return key
