"""Say what each figure of a digest counts: one condition on one table, of which the whole or a part is counted."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, func, or_, select

from storage.crm.deals import Deal
from storage.crm.followups import Followup
from storage.crm.pipelines import Outcome, Stage
from storage.database.engine import Base
from storage.digests.metrics.narrowing import Narrowing
from storage.money import Money
from storage.support.labels import Label, LabelSource
from storage.support.ratings import BAD, Rating
from storage.support.sla.model import FIRST_RESPONSE, RESOLUTION, SlaClock, was_promised
from storage.support.tickets import Priority, Ticket

STALLED_AFTER = timedelta(days=14)


class Metric(StrEnum):
    """Name what is counted."""

    DEALS_OPEN = "deals_open"
    DEALS_NEW = "deals_new"
    DEALS_WON = "deals_won"
    DEALS_LOST = "deals_lost"
    DEALS_STALLED = "deals_stalled"
    FOLLOWUPS_OVERDUE = "followups_overdue"
    TICKETS_OPENED = "tickets_opened"
    TICKETS_RESOLVED = "tickets_resolved"
    TICKETS_BACKLOG = "tickets_backlog"
    TICKETS_ANSWERED = "tickets_answered"
    TICKETS_UNANSWERED = "tickets_unanswered"
    FIRST_ANSWERS_LATE = "first_answers_late"
    RESOLUTIONS_LATE = "resolutions_late"
    LABELS_CORRECTED = "labels_corrected"
    RATINGS = "ratings"
    RATINGS_BAD = "ratings_bad"


class Cut(StrEnum):
    """Say by what a part of a figure is cut out."""

    STAGE = "stage"
    REASON = "reason"
    CATEGORY = "category"
    PRIORITY = "priority"
    OWNER = "owner"


@dataclass(frozen=True, slots=True)
class Part:
    """Name a part of a figure: the records of one stage (by id), reason, category, priority or owner, None for none."""

    cut: Cut
    value: str | None


REASON_GIVEN = func.coalesce(Deal.closed_reason, Deal.lost_reason)
"""Why a deal was lost: one of the workspace's reasons as it is stored, or else what was said."""


@dataclass(frozen=True, slots=True)
class Period:
    """Say from when until when, whose records count, of which pipeline's deals, and `only` which; None counts all."""

    since: datetime
    until: datetime
    owners: Sequence[str] | None = None
    pipeline_id: int | None = None
    only: Narrowing | None = None

    @property
    def before(self) -> datetime:
        """Return the beginning of as long a time before this one."""
        return self.since - (self.until - self.since)


@dataclass(frozen=True, slots=True)
class Tally:
    """Hold what a figure of a plugin's comes to: how many, and what they are worth, one amount a currency.

    `parts` is how many of each part by its value, `behind` the statement that reads the records that were counted, the
    first to look at on top.
    """

    count: int
    amounts: tuple[Money, ...] = ()
    parts: Mapping[str, int] = field(default_factory=dict)
    behind: Select[Any] | None = None


@dataclass(frozen=True, slots=True)
class Meaning:
    """Hold the table a figure counts, the conditions, and in which order its rows are listed."""

    model: Any
    where: tuple[ColumnElement[bool], ...]
    order_by: tuple[Any, ...]

    def select(self, *what: Any) -> Select[Any]:
        """Return a statement that reads these columns of the figure's rows."""
        return select(*what).select_from(self.model).where(*self.where)


def meaning(figure: Metric, period: Period, part: Part | None = None) -> Meaning:
    """Return what a figure of a period, or a part of it, counts; raise ValueError for a part that it does not have."""
    whole = _meaning(figure, period)
    if part is None:
        return whole
    return Meaning(whole.model, (*whole.where, _part(whole.model, part)), whole.order_by)


def _part(model: type[Base], part: Part) -> ColumnElement[bool]:
    column: Any = {
        (Deal, Cut.STAGE): Deal.stage_id,
        (Deal, Cut.REASON): REASON_GIVEN,
        (Deal, Cut.OWNER): Deal.owner_id,
        (Followup, Cut.OWNER): Followup.owner_id,
        (Ticket, Cut.CATEGORY): Ticket.category,
        (Ticket, Cut.PRIORITY): Ticket.urgency,
        (Ticket, Cut.OWNER): Ticket.assignee_id,
        (Rating, Cut.CATEGORY): category_of_rating(),
        (Rating, Cut.OWNER): Rating.agent_id,
    }.get((model, part.cut))
    if column is None:
        raise ValueError(f"{model.__name__} has no {part.cut}")
    if part.cut is Cut.PRIORITY:
        # The rank of the hurry, by which the open tickets are indexed.
        rank: ColumnElement[bool] = Ticket.urgency == 1 + list(reversed(Priority)).index(Priority(part.value or ""))
        return rank
    if part.value is None:
        return ColumnElement.is_(column, None)
    matches: ColumnElement[bool] = column == (int(part.value) if part.cut is Cut.STAGE else part.value)
    return matches


def _meaning(figure: Metric, period: Period) -> Meaning:
    open_deal, open_ticket = Deal.closed_at.is_(None), Ticket.resolved_at.is_(None)
    largest = (Deal.amount_minor.desc().nulls_last(),)
    match figure:
        case Metric.DEALS_OPEN:
            return Meaning(Deal, (open_deal, *_deals(period)), largest)
        case Metric.DEALS_NEW:
            return Meaning(Deal, (*within(Deal.created_at, period), *_deals(period)), largest)
        case Metric.DEALS_WON | Metric.DEALS_LOST:
            status = Outcome.WON if figure is Metric.DEALS_WON else Outcome.LOST
            closed = (Deal.status == status.value, *within(Deal.closed_at, period))
            return Meaning(Deal, (*closed, *_deals(period)), largest)
        case Metric.DEALS_STALLED:
            return Meaning(Deal, (open_deal, untouched(period), *_deals(period)), (Deal.touched_at,))
        case Metric.FOLLOWUPS_OVERDUE:
            overdue = (Followup.closed_at.is_(None), Followup.due_at < period.until)
            about = period.only.followups() if period.only else ()
            return Meaning(Followup, (*overdue, *about, *whose(Followup.owner_id, period)), (Followup.due_at,))
        case Metric.TICKETS_OPENED:
            return Meaning(Ticket, (*within(Ticket.created_at, period), *_tickets(period)), (Ticket.urgency,))
        case Metric.TICKETS_RESOLVED:
            newest = (Ticket.resolved_at.desc().nulls_last(),)
            return Meaning(Ticket, (*within(Ticket.resolved_at, period), *_tickets(period)), newest)
        case Metric.TICKETS_BACKLOG:
            return Meaning(Ticket, (open_ticket, *_tickets(period)), (Ticket.urgency,))
        case Metric.TICKETS_ANSWERED:
            slowest = (Ticket.first_response_at - Ticket.created_at).desc()
            return Meaning(Ticket, (*within(Ticket.first_response_at, period), *_tickets(period)), (slowest,))
        case Metric.TICKETS_UNANSWERED:
            unanswered = Ticket.first_response_at.is_(None)
            return Meaning(Ticket, (open_ticket, unanswered, *_tickets(period)), (Ticket.created_at,))
        case Metric.FIRST_ANSWERS_LATE | Metric.RESOLUTIONS_LATE:
            kind = FIRST_RESPONSE if figure is Metric.FIRST_ANSWERS_LATE else RESOLUTION
            late = select(SlaClock.ticket_id).where(SlaClock.kind == kind, missed(period))
            return Meaning(Ticket, (Ticket.id.in_(late), *_tickets(period)), (Ticket.urgency,))
        case Metric.RATINGS | Metric.RATINGS_BAD:
            bad = (Rating.score <= BAD,) if figure is Metric.RATINGS_BAD else ()
            of = (Rating.ticket_id.in_(period.only.tickets()),) if period.only else ()
            given = (*within(Rating.answered_at, period), *bad, *of, *whose(Rating.agent_id, period))
            return Meaning(Rating, given, (Rating.score, Rating.answered_at.desc()))
        case Metric.LABELS_CORRECTED:
            other = Label.new_category != func.coalesce(Label.old_category, "")
            by_hand = (Label.source == LabelSource.CORRECTED.value, other, *within(Label.at, period))
            of = (Label.message_id.in_(period.only.messages()),) if period.only else ()
            return Meaning(Label, (*by_hand, *of, *whose(Label.actor_id, period)), (Label.id.desc(),))


def category_of_rating() -> Any:
    """Return what the ticket is about by now that a customer's answer is about."""
    same = (Ticket.workspace_id == Rating.workspace_id, Ticket.id == Rating.ticket_id)
    return select(Ticket.category).where(*same).correlate(Rating).scalar_subquery()


def within(column: Any, period: Period) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions that a moment is in the period."""
    return (column >= period.since, column < period.until)


def whose(column: Any, period: Period) -> tuple[ColumnElement[bool], ...]:
    """Return the condition that a record is of somebody whose records count; none where everybody's do."""
    return () if period.owners is None else (column.in_(period.owners),)


def untouched(period: Period) -> ColumnElement[bool]:
    """Return the condition that nothing happened to an open deal for two weeks."""
    return Deal.touched_at < period.until - STALLED_AFTER


def missed(period: Period) -> ColumnElement[bool]:
    """Return the condition that a clock's target was missed in the period, also while the clock still runs.

    What was late before anybody promised it, or before the promise changed, was not missed.
    """
    judged = (
        and_(*within(SlaClock.breached_at, period), was_promised(SlaClock.breached_at)),
        and_(SlaClock.breached_at.is_(None), *within(SlaClock.due_at, period), was_promised(SlaClock.due_at)),
    )
    return or_(*judged)


def _deals(period: Period) -> tuple[ColumnElement[bool], ...]:
    stages = select(Stage.id).where(Stage.pipeline_id == period.pipeline_id)
    chosen = () if period.pipeline_id is None else (Deal.stage_id.in_(stages),)
    return (Deal.merged_into_id.is_(None), *chosen, *_only(Deal, period), *whose(Deal.owner_id, period))


def _tickets(period: Period) -> tuple[ColumnElement[bool], ...]:
    counted = (Ticket.merged_into_id.is_(None), Ticket.is_request.is_(True))
    return (*counted, *_only(Ticket, period), *whose(Ticket.assignee_id, period))


def _only(model: type[Deal | Ticket], period: Period) -> tuple[ColumnElement[bool], ...]:
    return period.only.where(model.__noun__) if period.only else ()
