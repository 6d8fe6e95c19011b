"""Count what a digest tells: sales and support, each number with the records behind it.

A figure is one condition on one table. Its count and the list that explains it are made from that same condition, so
they can not disagree. `owners` are the members whose records count, None for everybody's; `since` and `until` are aware
times, the second one excluded.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from sqlalchemy import ColumnElement, Select, func, select
from sqlalchemy.orm import Session

from storage.deals import Deal
from storage.followups import Followup
from storage.members import Member
from storage.money import Money
from storage.pipelines import Outcome, Stage
from storage.records import PAGE, Record
from storage.tickets import Ticket

STALLED_AFTER = timedelta(days=14)


class Figure(StrEnum):
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


@dataclass(frozen=True, slots=True)
class Period:
    """Say from when until when, and whose records count."""

    since: datetime
    until: datetime
    owners: Sequence[str] | None = None


@dataclass(frozen=True, slots=True)
class StageLine:
    """Sum up the open deals of one stage in one currency; `weighted` is the total times the stage's probability.

    `total` and `weighted` are None for the deals nobody put an amount on.
    """

    stage: str
    position: int
    probability: int
    count: int
    total: Money | None
    weighted: Money | None


@dataclass(frozen=True, slots=True)
class Total:
    """Sum up deals: how many, and what they are worth, one amount per currency, largest code last."""

    count: int
    amounts: tuple[Money, ...]


@dataclass(frozen=True, slots=True)
class BacklogLine:
    """Count the unresolved tickets of one category (None: not classified) and priority."""

    category: str | None
    priority: str
    count: int


@dataclass(frozen=True, slots=True)
class FirstResponse:
    """Say how fast customers got their first answer: how many did, the median and the slowest tenth; None for none."""

    count: int
    median: timedelta | None
    ninth_decile: timedelta | None


def count(session: Session, figure: Figure, period: Period) -> int:
    """Return how many records a figure counts."""
    model, where, _ = _meaning(figure, period)
    return int(session.scalars(_of(model, where, func.count())).one())


def records(session: Session, figure: Figure, period: Period, limit: int = PAGE) -> list[Any]:
    """Return the records a figure counts, at most `limit`, those a manager asks about first at the top."""
    model, where, order_by = _meaning(figure, period)
    return list(session.scalars(_of(model, where, model).order_by(*order_by, model.id).limit(limit)))


def total(session: Session, figure: Figure, period: Period) -> Total:
    """Return how many deals a figure counts and what they are worth; raise ValueError if it counts no deals."""
    model, where, _ = _meaning(figure, period)
    if model is not Deal:
        raise ValueError(f"{figure} does not count deals")
    rows = session.execute(
        _of(Deal, where, Deal.currency, func.count(), func.sum(Deal.amount_minor))
        .group_by(Deal.currency)
        .order_by(Deal.currency)
    ).all()
    amounts = tuple(Money(int(minor), currency) for currency, _, minor in rows if currency is not None)
    return Total(sum(number for _, number, _ in rows), amounts)


def pipeline(session: Session, period: Period) -> list[StageLine]:
    """Return the open deals by stage and currency, in the stages' order; stages without a deal are left out."""
    _, where, _ = _meaning(Figure.DEALS_OPEN, period)
    sums = (
        _of(
            Deal,
            where,
            Deal.stage_id,
            Deal.currency,
            func.count().label("number"),
            func.sum(Deal.amount_minor).label("sum"),
        )
        .group_by(Deal.stage_id, Deal.currency)
        .subquery()
    )
    rows = session.execute(
        select(Stage, sums.c.currency, sums.c.number, sums.c.sum)
        .join(sums, sums.c.stage_id == Stage.id)
        .order_by(Stage.position, Stage.id, sums.c.currency)
    )
    return [_stage_line(stage, currency, number, minor) for stage, currency, number, minor in rows]


def _stage_line(stage: Stage, currency: str | None, number: int, minor: Any) -> StageLine:
    worth = None if currency is None else Money(int(minor), currency)
    # Half a cent is rounded to the even one, as Python does: a forecast needs no other rule.
    weighted = None if worth is None else Money(round(worth.minor * stage.probability / 100), worth.currency)
    return StageLine(stage.name, stage.position, stage.probability, number, worth, weighted)


def backlog(session: Session, period: Period) -> list[BacklogLine]:
    """Return the unresolved tickets by category and priority, most urgent first, then the larger number."""
    _, where, _ = _meaning(Figure.TICKETS_BACKLOG, period)
    number = func.count()
    rows = session.execute(
        _of(Ticket, where, Ticket.category, Ticket.priority, number)
        .group_by(Ticket.category, Ticket.priority, Ticket.urgency)
        .order_by(Ticket.urgency, number.desc(), Ticket.category)
    )
    return [BacklogLine(category, priority, tickets) for category, priority, tickets in rows]


def first_response(session: Session, period: Period) -> FirstResponse:
    """Return how long the customers waited who got their first answer in the period."""
    _, where, _ = _meaning(Figure.TICKETS_ANSWERED, period)
    waited = Ticket.first_response_at - Ticket.created_at
    row = session.execute(
        _of(
            Ticket,
            where,
            func.count(),
            func.percentile_cont(0.5).within_group(waited),
            func.percentile_cont(0.9).within_group(waited),
        )
    ).one()
    return FirstResponse(*row)


def team(session: Session, manager_id: str) -> list[str]:
    """Return a manager and everybody who reports to them, directly or through others."""
    below = select(Member.id).where(Member.id == manager_id).cte("below", recursive=True)
    below = below.union(select(Member.id).join(below, Member.manager_id == below.c.id))
    return list(session.scalars(select(below.c.id).order_by(below.c.id)))


def _of(model: type[Record], where: Sequence[ColumnElement[bool]], *what: Any) -> Select[Any]:
    return select(*what).select_from(model).where(*where)


def _meaning(figure: Figure, period: Period) -> tuple[type[Any], Sequence[ColumnElement[bool]], Sequence[Any]]:
    """Return what a figure counts: the table, the condition, and the order in which its records are shown."""
    open_deal, open_ticket = Deal.closed_at.is_(None), Ticket.resolved_at.is_(None)
    largest = (Deal.amount_minor.desc().nulls_last(),)
    match figure:
        case Figure.DEALS_OPEN:
            return Deal, (open_deal, *_deals(period)), largest
        case Figure.DEALS_NEW:
            return Deal, (*_within(Deal.created_at, period), *_deals(period)), largest
        case Figure.DEALS_WON:
            return Deal, (Deal.status == Outcome.WON.value, *_within(Deal.closed_at, period), *_deals(period)), largest
        case Figure.DEALS_LOST:
            return Deal, (Deal.status == Outcome.LOST.value, *_within(Deal.closed_at, period), *_deals(period)), largest
        case Figure.DEALS_STALLED:
            untouched = Deal.touched_at < period.until - STALLED_AFTER
            return Deal, (open_deal, untouched, *_deals(period)), (Deal.touched_at,)
        case Figure.FOLLOWUPS_OVERDUE:
            overdue = (Followup.closed_at.is_(None), Followup.due_at < period.until)
            return Followup, (*overdue, *_whose(Followup.owner_id, period)), (Followup.due_at,)
        case Figure.TICKETS_OPENED:
            return Ticket, (*_within(Ticket.created_at, period), *_tickets(period)), (Ticket.urgency,)
        case Figure.TICKETS_RESOLVED:
            return (
                Ticket,
                (*_within(Ticket.resolved_at, period), *_tickets(period)),
                (Ticket.resolved_at.desc().nulls_last(),),
            )
        case Figure.TICKETS_BACKLOG:
            return Ticket, (open_ticket, *_tickets(period)), (Ticket.urgency,)
        case Figure.TICKETS_ANSWERED:
            slowest = (Ticket.first_response_at - Ticket.created_at).desc()
            return Ticket, (*_within(Ticket.first_response_at, period), *_tickets(period)), (slowest,)
        case Figure.TICKETS_UNANSWERED:
            unanswered = Ticket.first_response_at.is_(None)
            return Ticket, (open_ticket, unanswered, *_tickets(period)), (Ticket.created_at,)


def _within(column: Any, period: Period) -> Sequence[ColumnElement[bool]]:
    return (column >= period.since, column < period.until)


def _deals(period: Period) -> Sequence[ColumnElement[bool]]:
    return (Deal.merged_into_id.is_(None), *_whose(Deal.owner_id, period))


def _tickets(period: Period) -> Sequence[ColumnElement[bool]]:
    return (Ticket.merged_into_id.is_(None), Ticket.is_request.is_(True), *_whose(Ticket.assignee_id, period))


def _whose(column: Any, period: Period) -> Sequence[ColumnElement[bool]]:
    return () if period.owners is None else (column.in_(period.owners),)
