"""Keep what is known of a client: a profile made of answers, which counts until it expires, and stays as it was."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any

from dateutil.relativedelta import relativedelta
from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from bot.plugins.finance import reminders
from bot.plugins.finance.risk.profile import questions
from bot.plugins.finance.risk.profile.questions import HIGHEST, LOWEST, Question
from bot.plugins.finance.risk.profile.scoring import Assessed, GivenAnswer, assess
from storage.crm.customers import Customer
from storage.database.engine import TENANT, Base, composite_key, current_workspace
from storage.errors import Conflict, Invalid
from storage.records import history
from storage.records.history import Recorded

FIELD = "question-"
"""How the names of fields begin in which questions are answered."""
NOTICE = timedelta(days=30)
"""So long before a profile expires its owner is to renew it."""
TOPICS = ("knowledge", "capacity", "objectives", "horizon")
_UNTOLD = {"unrecorded": True}


class RiskProfile(Recorded, Base):
    """Hold what a client answered on a day, and the levels that follow, 1 to 5; it counts up to `expires_on`.

    The history tells that it was taken and until when it counts, as what is in it is for few.
    """

    __noun__ = "risk profile"
    __tablename__ = "risk_profile"
    __table_args__ = (
        composite_key("customer_id", "customer", ondelete="CASCADE"),
        Index(None, "workspace_id", "customer_id", "id"),
        Index(None, "workspace_id", "expires_on"),
        *(CheckConstraint(f"{topic} BETWEEN {LOWEST} AND {HIGHEST}", name=topic) for topic in TOPICS),
        {"schema": "finance", "info": TENANT},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    customer_id: Mapped[int]
    taken_on: Mapped[date]
    expires_on: Mapped[date]
    knowledge: Mapped[int] = mapped_column(info=_UNTOLD)
    capacity: Mapped[int] = mapped_column(info=_UNTOLD)
    objectives: Mapped[int] = mapped_column(info=_UNTOLD)
    horizon: Mapped[int] = mapped_column(info=_UNTOLD)
    answers: Mapped[list[Any]] = mapped_column(info=_UNTOLD)
    taken_by: Mapped[str | None]
    taken_at: Mapped[datetime] = mapped_column(server_default=func.now(), info=_UNTOLD)

    @property
    def assessed(self) -> Assessed:
        """Return the levels, for a judgement."""
        return Assessed(self.knowledge, self.capacity, self.objectives, self.horizon, self.expires_on)

    @property
    def given(self) -> list[GivenAnswer]:
        """Return what was asked and answered."""
        return [GivenAnswer(*one) for one in self.answers]

    def history_subject(self) -> tuple[str, int | None]:
        """Return the customer: whose timeline shows that it was taken."""
        return "customer", self.customer_id


def current(session: Session, customer_id: int | None) -> RiskProfile | None:
    """Return the newest profile of a customer, which may have expired; None where none was ever taken."""
    theirs = select(RiskProfile).where(RiskProfile.customer_id == customer_id)
    return session.scalars(theirs.order_by(RiskProfile.id.desc()).limit(1)).first() if customer_id else None


def of_customer(session: Session, customer_id: int, limit: int) -> Sequence[RiskProfile]:
    """Return the profiles of a customer, the newest first, at most `limit`."""
    theirs = select(RiskProfile).where(RiskProfile.customer_id == customer_id)
    return session.scalars(theirs.order_by(RiskProfile.id.desc()).limit(limit)).all()


def take(
    session: Session,
    customer: Customer,
    chosen: Mapping[int, int],
    asked_as: str,
    *,
    today: date,
    months: int,
    text: str,
) -> RiskProfile:
    """Make a profile of answers, which counts for so many months, and let its end be a follow-up of the owner's.

    `chosen` is the place of the answer by the number of each question, `asked_as` the `fingerprint` of the
    questionnaire that was asked, `text` what the follow-up says. Raises Conflict where the questionnaire is another one
    now, Invalid for a question without an answer.
    """
    asked = questions.ready(session)
    if questions.fingerprint(asked) != asked_as:
        raise Conflict("The questionnaire was changed meanwhile.", hint="Open it again.")
    answers = [_given(one, chosen) for one in asked]
    assessed = assess(answers, today + relativedelta(months=months))
    actor = history.current_actor(session)
    made = RiskProfile(
        workspace_id=current_workspace(session),
        customer_id=customer.id,
        taken_on=today,
        expires_on=assessed.expires_on,
        **{topic: getattr(assessed, topic) for topic in TOPICS},
        answers=[[one.topic, one.question, one.answer, one.points] for one in answers],
        taken_by=actor,
    )
    session.add(made)
    session.flush()
    due = max(made.expires_on - NOTICE, today + timedelta(days=1))
    reminders.keep(session, reminders.PROFILE, customer, due, customer.owner_id or actor, text)
    return made


def expired(session: Session, today: date) -> int:
    """Count the customers whose newest profile does not count any more."""
    newest = select(func.max(RiskProfile.id)).group_by(RiskProfile.customer_id)
    old = select(func.count()).select_from(RiskProfile)
    return session.scalar(old.where(RiskProfile.expires_on < today, RiskProfile.id.in_(newest))) or 0


def _given(question: Question, chosen: Mapping[int, int]) -> GivenAnswer:
    possible, place = question.possible, chosen.get(question.id, -1)
    if not 0 <= place < len(possible):
        raise Invalid("This question has no answer.", field=f"{FIELD}{question.id}")
    return GivenAnswer(question.topic, question.name, possible[place].words, possible[place].points)
