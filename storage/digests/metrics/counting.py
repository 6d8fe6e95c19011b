"""Count the figures of a digest one by one, and list what is behind each.

A figure's count and the list that explains it are made from the same condition, so they cannot disagree.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.crm.deals import Deal
from storage.crm.pipelines import Stage
from storage.digests.metrics.definitions import Metric, Part, Period, meaning, untouched
from storage.money import Money
from storage.records.named import PAGE
from storage.support.tickets import Ticket
from storage.workspace.members import Member


@dataclass(frozen=True, slots=True)
class StageLine:
    """Sum up the open deals of one stage in one currency; `weighted` is the total times the stage's probability.

    `total` and `weighted` are None for the deals nobody put an amount on; to `stalled` ones nothing happened lately.
    """

    stage_id: int
    stage: str
    position: int
    probability: int
    count: int
    total: Money | None
    weighted: Money | None
    stalled: int


@dataclass(frozen=True, slots=True)
class BacklogLine:
    """Count the unresolved tickets of one category (None: not classified) and priority, and those nobody answered."""

    category: str | None
    priority: str
    count: int
    unanswered: int


def count(session: Session, figure: Metric, period: Period, part: Part | None = None) -> int:
    """Return how many records a figure, or a part of it, counts."""
    return int(session.scalars(meaning(figure, period, part).select(func.count())).one())


def records(
    session: Session, figure: Metric, period: Period, part: Part | None = None, *, limit: int = PAGE
) -> list[Any]:
    """Return the records a figure counts, at most `limit`, those a manager asks about first at the top."""
    wanted = meaning(figure, period, part)
    return list(session.scalars(wanted.select(wanted.model).order_by(*wanted.order_by, wanted.model.id).limit(limit)))


def identities(
    session: Session, figure: Metric, period: Period, part: Part | None = None, *, limit: int = PAGE
) -> list[int]:
    """Return the ids of what `records` returns."""
    wanted = meaning(figure, period, part)
    return list(
        session.scalars(wanted.select(wanted.model.id).order_by(*wanted.order_by, wanted.model.id).limit(limit))
    )


def identified(session: Session, figure: Metric, period: Period, ids: list[int]) -> list[Any]:
    """Return the records of these ids that still are there, in the order of the ids."""
    model = meaning(figure, period).model
    found = {row.id: row for row in session.scalars(select(model).where(model.id.in_(ids)))}
    return [found[one] for one in ids if one in found]


def pipeline(session: Session, period: Period) -> list[StageLine]:
    """Return the open deals by stage and currency, in the stages' order; stages without a deal are left out."""
    sums = (
        meaning(Metric.DEALS_OPEN, period)
        .select(
            Deal.stage_id,
            Deal.currency,
            func.count().label("number"),
            func.sum(Deal.amount_minor).label("sum"),
            func.count().filter(untouched(period)).label("stalled"),
        )
        .group_by(Deal.stage_id, Deal.currency)
        .subquery()
    )
    rows = session.execute(
        select(Stage, sums.c.currency, sums.c.number, sums.c.sum, sums.c.stalled)
        .join(sums, sums.c.stage_id == Stage.id)
        .order_by(Stage.position, Stage.id, sums.c.currency)
    )
    return [_stage_line(*row) for row in rows]


def _stage_line(stage: Stage, currency: str | None, number: int, minor: Any, stalled: int) -> StageLine:
    worth = None if currency is None else Money(int(minor), currency)
    # Half a cent is rounded to the even one, as Python does: a forecast needs no other rule.
    weighted = None if worth is None else Money(round(worth.minor * stage.probability / 100), worth.currency)
    return StageLine(stage.id, stage.name, stage.position, stage.probability, number, worth, weighted, stalled)


def backlog(session: Session, period: Period) -> list[BacklogLine]:
    """Return the unresolved tickets by category and priority, most urgent first, then the larger number."""
    number = func.count()
    unanswered = func.count().filter(Ticket.first_response_at.is_(None))
    rows = session.execute(
        meaning(Metric.TICKETS_BACKLOG, period)
        .select(Ticket.category, Ticket.priority, number, unanswered)
        .group_by(Ticket.category, Ticket.priority, Ticket.urgency)
        .order_by(Ticket.urgency, number.desc(), Ticket.category)
    )
    return [BacklogLine(*row) for row in rows]


def forecast(session: Session, stages: Iterable[tuple[str | None, Iterable[Money]]]) -> list[Money]:
    """Return what open deals are worth by chance, one sum per currency: each stage's amounts times its probability.

    `stages` are ids with the sums of their deals; what is in a stage that is gone counts nothing.
    """
    chance = {str(row.id): row.probability for row in session.execute(select(Stage.id, Stage.probability))}
    sums: dict[str, int] = {}
    for stage_id, amounts in stages:
        for amount in amounts:
            # Half a cent is rounded to the even one, as Python does: a forecast needs no other rule.
            weighted = round(amount.minor * chance.get(str(stage_id), 0) / 100)
            sums[amount.currency] = sums.get(amount.currency, 0) + weighted
    return [Money(sums[currency], currency) for currency in sorted(sums)]


def team(session: Session, manager_id: str) -> list[str]:
    """Return a manager and everybody who reports to them, directly or through others."""
    below = select(Member.id).where(Member.id == manager_id).cte("below", recursive=True)
    below = below.union(select(Member.id).join(below, Member.manager_id == below.c.id))
    return list(session.scalars(select(below.c.id).order_by(below.c.id)))
