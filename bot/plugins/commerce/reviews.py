"""Keep what customers say of products: stars, words, what those are about, and what was answered."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, false
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.plugins.commerce.sales import SCHEMA
from storage.crm.contacts import Contact
from storage.database.engine import Base, composite_key, current_workspace
from storage.errors import Conflict, Invalid
from storage.events import Fact, emit
from storage.names import check_note
from storage.records.named import Key, Named, moment, named_args, newest_first
from storage.webhooks import occurrences

MOST_STARS = 5


class Review(Named, Base):
    """Describe a review; `category` is what the model says it is about, `confidence` how sure it is, in percent."""

    __noun__, __letter__, __tablename__ = "review", "RV", "review"
    __table_args__ = (
        *named_args("commerce.review"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("contact_id", "contact", ondelete="SET NULL"),
        composite_key("product_id", "commerce.product", ondelete="SET NULL"),
        composite_key("answered_by", "member", ondelete="SET NULL"),
        Index(None, "workspace_id", "source", "outside_id", unique=True),
        Index(None, "workspace_id", "customer_id"),
        Index(None, "workspace_id", "contact_id"),
        Index(None, "workspace_id", "product_id"),
        Index(None, "workspace_id", "stars"),
        newest_first("review_created_idx", "created_at"),
        CheckConstraint(f"stars BETWEEN 1 AND {MOST_STARS}", name="stars"),
        SCHEMA,
    )

    customer_id: Mapped[int | None]
    contact_id: Mapped[int | None]
    product_id: Mapped[int | None]
    stars: Mapped[int]
    words: Mapped[str | None]
    category: Mapped[Key | None]
    confidence: Mapped[int | None]
    answer: Mapped[str | None]
    answered_by: Mapped[str | None]
    answered_at: Mapped[datetime | None]
    source: Mapped[Key | None]
    outside_id: Mapped[Key | None]
    told: Mapped[bool] = mapped_column(server_default=false(), default=False, info={"internal": True})

    def check_merge(self, kept: Review) -> None:
        """Raise Conflict: each review is somebody's."""
        raise Conflict("Reviews cannot be merged.")


class ReviewAdded(Fact):
    """Say that a review came in; `record` is the Review."""


class ReviewWorded(Fact):
    """Say that a review came in that has words to be read; `record` is the Review."""


class ReviewAnswered(Fact):
    """Say that somebody answered a review; `record` is the Review."""

    event = "review.answered"


def add(session: Session, *, name: str, stars: int, **values: Any) -> Review:
    """Add a review of one to five stars, which is whose the contact is, and say that it came in."""
    person = session.get(Contact, (current_workspace(session), values.get("contact_id") or 0))
    if person is not None and values.get("customer_id") is None:
        values["customer_id"] = person.customer_id
    made = Review.new(session, name=name, stars=stars, **values)
    emit(session, ReviewAdded(made))
    if made.words:
        emit(session, ReviewWorded(made))
    return made


def answer(session: Session, review: Review, words: str, actor_id: str) -> None:
    """Keep an answer and send it; raise Invalid for one that is empty or too long."""
    if not words.strip():
        raise Invalid("Write an answer.", field="answer")
    review.answer = check_note(words, field="answer")
    review.answered_by, review.answered_at = actor_id, moment()
    review.told = False
    send(session, review)


def send(session: Session, review: Review) -> bool:
    """Tell the webhooks that take answers of this one, and return whether there are any."""
    session.flush()
    if review.answer is not None and (told := occurrences.is_told(session, ReviewAnswered.event)):
        review.told = told
        session.flush()
        emit(session, ReviewAnswered(review))
    return review.told
