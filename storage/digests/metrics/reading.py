"""Read all numbers of a digest with a fixed number of statements, each served by an index of its own."""

from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement, and_, func, null, or_, select
from sqlalchemy.orm import Session

from storage.crm.deals import Deal
from storage.crm.followups import Followup
from storage.digests.metrics.counting import BacklogLine, StageLine, backlog, pipeline
from storage.digests.metrics.definitions import (
    REASON_GIVEN,
    Cut,
    Metric,
    Part,
    Period,
    category_of_rating,
    meaning,
    missed,
    whose,
    within,
)
from storage.digests.metrics.unusual import Unusual, more_than_usual
from storage.money import Money
from storage.support.messages import IncomingMessage
from storage.support.ratings import BAD, Rating
from storage.support.sla.model import FIRST_RESPONSE, SlaClock
from storage.support.tickets import Ticket

PIPELINE, SUPPORT, TEAM = "pipeline", "support", "team"
USUAL = timedelta(days=28)
"""How long before a period is looked at for what is usual."""
CHART_DAYS = 14
PEOPLE = 10


@dataclass(frozen=True, slots=True)
class Number:
    """Hold what a figure, or a part of it, counts, and what deals are worth: one amount per currency.

    `before` is the same of as long a time before, None for what is counted at a moment and not over a time.
    """

    figure: Metric
    count: int
    part: Part | None = None
    amounts: tuple[Money, ...] = ()
    before: int | None = None


@dataclass(frozen=True, slots=True)
class Durations:
    """Say how long things took: how many, the median and the slowest tenth; None for none."""

    count: int = 0
    median: timedelta | None = None
    ninth_decile: timedelta | None = None


@dataclass(frozen=True, slots=True)
class TargetsKept:
    """Count the targets of one kind (`first_response`, `resolution`) that were met in time and missed."""

    kind: str
    met: int
    missed: int


@dataclass(frozen=True, slots=True)
class Day:
    """Count the tickets opened and resolved on one local day."""

    day: date
    opened: int
    resolved: int


@dataclass(frozen=True, slots=True)
class ScoreLine:
    """Sum up what customers answered, all of it or of one category or agent: how many, and the mean, 1 to 5."""

    part: Part | None
    count: int
    mean: float


@dataclass(slots=True)
class Metrics:
    """Hold all that a digest of a period tells."""

    period: Period
    numbers: list[Number] = field(default_factory=list)
    stages: list[StageLine] = field(default_factory=list)
    backlog: list[BacklogLine] = field(default_factory=list)
    answered: Durations = Durations()
    resolved: Durations = Durations()
    promises: list[TargetsKept] = field(default_factory=list)
    unusual: list[Unusual] = field(default_factory=list)
    classified: int = 0
    days: list[Day] = field(default_factory=list)
    scores: list[ScoreLine] = field(default_factory=list)

    def number(self, figure: Metric, part: Part | None = None) -> Number:
        """Return a number; zero where nothing was counted."""
        wanted = (one for one in self.numbers if one.figure is figure and one.part == part)
        return next(wanted, Number(figure, 0, part))

    def parts(self, figure: Metric, cut: Cut) -> list[Number]:
        """Return a figure cut into parts, the largest first."""
        found = [one for one in self.numbers if one.figure is figure and one.part and one.part.cut is cut]
        return sorted(found, key=lambda one: -one.count)


def digest(
    session: Session, period: Period, *, sections: Collection[str] = (PIPELINE, SUPPORT, TEAM), zone: str = "UTC"
) -> Metrics:
    """Read every number of a digest's built-in sections; days are those of `zone`, an IANA name."""
    reading = Metrics(period)
    if PIPELINE in sections:
        _pipeline(session, reading)
    if SUPPORT in sections:
        _support(session, reading, zone)
    if TEAM in sections:
        _team(session, reading)
    return reading


def _pipeline(session: Session, reading: Metrics) -> None:
    period = reading.period
    reading.stages = pipeline(session, period)
    _add(reading, Metric.DEALS_OPEN, sum(line.count for line in reading.stages), _sums(reading.stages))
    for stage_id in dict.fromkeys(line.stage_id for line in reading.stages):
        lines = [line for line in reading.stages if line.stage_id == stage_id]
        number = sum(line.count for line in lines)
        _add(reading, Metric.DEALS_OPEN, number, _sums(lines), part=Part(Cut.STAGE, str(stage_id)))
    made = _twice(session, period, Metric.DEALS_NEW, Deal.created_at, Deal.currency)
    _flow(reading, Metric.DEALS_NEW, [(currency, *counts) for currency, *counts in made])
    for figure in (Metric.DEALS_WON, Metric.DEALS_LOST):
        rows = _twice(session, period, figure, Deal.closed_at, Deal.currency, REASON_GIVEN)
        _flow(reading, figure, [(currency, *counts) for currency, _reason, *counts in rows])
        reasons = dict.fromkeys(row[1] for row in rows)
        if figure is Metric.DEALS_WON and not any(reasons):
            # Few teams keep why they win.
            continue
        for reason in reasons:
            chosen = [(row[0], *row[2:]) for row in rows if row[1] == reason]
            _flow(reading, figure, chosen, Part(Cut.REASON, reason))
    _add(reading, Metric.DEALS_STALLED, sum(line.stalled for line in reading.stages))
    overdue = meaning(Metric.FOLLOWUPS_OVERDUE, period).select(func.count())
    _add(reading, Metric.FOLLOWUPS_OVERDUE, session.scalars(overdue).one())


def _support(session: Session, reading: Metrics, zone: str) -> None:
    period = reading.period
    _asked(session, reading)
    done = _timed(session, period, Metric.TICKETS_RESOLVED, Ticket.resolved_at)
    answered = _timed(session, period, Metric.TICKETS_ANSWERED, Ticket.first_response_at)
    _add(reading, Metric.TICKETS_RESOLVED, done[0], before=done[1])
    reading.resolved = Durations(done[0], *done[2:])
    _add(reading, Metric.TICKETS_ANSWERED, answered[0], before=answered[1])
    reading.answered = Durations(answered[0], *answered[2:])
    reading.backlog = backlog(session, period)
    _add(reading, Metric.TICKETS_BACKLOG, sum(line.count for line in reading.backlog))
    for cut in (Cut.CATEGORY, Cut.PRIORITY):
        sums: Counter[str | None] = Counter()
        for line in reading.backlog:
            sums[line.category if cut is Cut.CATEGORY else line.priority] += line.count
        for value, number in sums.items():
            _add(reading, Metric.TICKETS_BACKLOG, number, part=Part(cut, value))
    _add(reading, Metric.TICKETS_UNANSWERED, sum(line.unanswered for line in reading.backlog))
    _promises(session, reading)
    corrected = _twice_of(session, period, Metric.LABELS_CORRECTED)
    _add(reading, Metric.LABELS_CORRECTED, corrected[0], before=corrected[1])
    written = select(func.count()).where(*within(IncomingMessage.at, period), IncomingMessage.category.is_not(None))
    if period.only:
        written = written.where(IncomingMessage.ticket_id.in_(period.only.tickets()))
    reading.classified = session.scalars(written).one()
    reading.days = _days(session, period, zone)
    _scores(session, reading)


def _scores(session: Session, reading: Metrics) -> None:
    """Count what customers answered, in the period and as long before, and take the means by category and agent."""
    period = reading.period
    both = replace(period, since=period.before)
    now, before = _halves(Rating.answered_at, period)
    bad = Rating.score <= BAD
    counts = [func.count().filter(which) for which in (now, before, and_(now, bad), and_(before, bad))]
    row = session.execute(meaning(Metric.RATINGS, both).select(*counts)).one()
    _add(reading, Metric.RATINGS, row[0], before=row[1])
    _add(reading, Metric.RATINGS_BAD, row[2], before=row[3])
    if not row[0]:
        return
    given = meaning(Metric.RATINGS, period)
    for cut, column in ((None, null()), (Cut.CATEGORY, category_of_rating()), (Cut.OWNER, Rating.agent_id)):
        sums = given.select(column.label("value"), func.count(), func.sum(Rating.score)).group_by("value")
        for value, number, total in session.execute(sums):
            part = Part(cut, value) if cut else None
            reading.scores.append(ScoreLine(part, number, int(total) / number))
            if part:
                _add(reading, Metric.RATINGS, number, part=part)


def _asked(session: Session, reading: Metrics) -> None:
    """Count what was opened, by category: in the period, as long before, and in the weeks before."""
    period = reading.period
    longest = replace(period, since=min(period.before, period.since - USUAL))
    at = Ticket.created_at
    now, before, usual = (
        func.count().filter(at >= start, at < end)
        for start, end in (
            (period.since, period.until),
            (period.before, period.since),
            (period.since - USUAL, period.since),
        )
    )
    opened = meaning(Metric.TICKETS_OPENED, longest).select(Ticket.category, now, before, usual)
    rows = session.execute(opened.group_by(Ticket.category)).all()
    _add(reading, Metric.TICKETS_OPENED, sum(row[1] for row in rows), before=sum(row[2] for row in rows))
    known = [row for row in rows if row[0] is not None]
    reading.unusual = more_than_usual({row[0]: row[1] for row in known}, {row[0]: row[3] for row in known})
    for one in reading.unusual:
        _add(reading, Metric.TICKETS_OPENED, one.count, part=Part(Cut.CATEGORY, one.category))


def _promises(session: Session, reading: Metrics) -> None:
    period = reading.period
    earlier = replace(period, since=period.before, until=period.since)
    met = and_(*within(SlaClock.met_at, period), SlaClock.breached_at.is_(None))
    late, late_before = missed(period), missed(earlier)
    statement = select(
        SlaClock.kind, func.count().filter(met), func.count().filter(late), func.count().filter(late_before)
    ).where(or_(met, late, late_before))
    if period.owners is not None:
        same = and_(Ticket.workspace_id == SlaClock.workspace_id, Ticket.id == SlaClock.ticket_id)
        statement = statement.join(Ticket, same).where(*whose(Ticket.assignee_id, period))
    if period.only:
        statement = statement.where(SlaClock.ticket_id.in_(period.only.tickets()))
    for kind, kept, broken, before in session.execute(statement.group_by(SlaClock.kind).order_by(SlaClock.kind)):
        reading.promises.append(TargetsKept(kind, kept, broken))
        figure = Metric.FIRST_ANSWERS_LATE if kind == FIRST_RESPONSE else Metric.RESOLUTIONS_LATE
        _add(reading, figure, broken, before=before)


def _team(session: Session, reading: Metrics) -> None:
    period = reading.period
    by: Sequence[tuple[Metric, Any, Any]] = (
        (Metric.DEALS_WON, Deal.owner_id, Deal.closed_at),
        (Metric.TICKETS_RESOLVED, Ticket.assignee_id, Ticket.resolved_at),
        (Metric.FOLLOWUPS_OVERDUE, Followup.owner_id, None),
    )
    rows: list[Number] = []
    busy: Counter[str] = Counter()
    for figure, owner, at in by:
        both = replace(period, since=period.before if at is not None else period.since)
        counts = (func.count(), null()) if at is None else [func.count().filter(when) for when in _halves(at, period)]
        counted = meaning(figure, both).select(owner, *counts).where(owner.is_not(None)).group_by(owner)
        for member_id, number, before in session.execute(counted):
            if number or before:
                rows.append(Number(figure, number, Part(Cut.OWNER, member_id), before=before))
                busy[member_id] += number
    most = {member_id for member_id, _ in sorted(busy.items(), key=lambda item: (-item[1], item[0]))[:PEOPLE]}
    reading.numbers += [one for one in rows if one.part and one.part.value in most]


def _halves(at: Any, period: Period) -> tuple[ColumnElement[bool], ColumnElement[bool]]:
    return at >= period.since, at < period.since


def _days(session: Session, period: Period, zone: str) -> list[Day]:
    span = replace(period, since=period.until - timedelta(days=CHART_DAYS))
    counts: list[Counter[date]] = []
    for figure, column in (
        (Metric.TICKETS_OPENED, Ticket.created_at),
        (Metric.TICKETS_RESOLVED, Ticket.resolved_at),
    ):
        day = func.date(func.timezone(zone, column)).label("day")
        counted = meaning(figure, span).select(day, func.count()).group_by(day)
        counts.append(Counter({row[0]: row[1] for row in session.execute(counted)}))
    today = period.until.astimezone(ZoneInfo(zone)).date()
    days = [today - timedelta(days=back) for back in range(CHART_DAYS - 1, -1, -1)]
    return [Day(day, counts[0][day], counts[1][day]) for day in days]


def _twice(session: Session, period: Period, figure: Metric, at: Any, *by: Any) -> list[Any]:
    """Count deals of the period and of as long before, and sum up what those of the period are worth, by columns."""
    both = replace(period, since=period.before)
    now: ColumnElement[bool] = at >= period.since
    statement = meaning(figure, both).select(
        *by, func.count().filter(now), func.count().filter(~now), func.sum(Deal.amount_minor).filter(now)
    )
    return list(session.execute(statement.group_by(*by)).all())


def _twice_of(session: Session, period: Period, figure: Metric) -> tuple[int, int]:
    earlier = replace(period, since=period.before, until=period.since)
    counts = [session.scalars(meaning(figure, one).select(func.count())).one() for one in (period, earlier)]
    return counts[0], counts[1]


def _timed(session: Session, period: Period, figure: Metric, at: Any) -> Any:
    """Return how many tickets came to a moment in the period and before, and the quantiles of how long they took."""
    both = replace(period, since=period.before)
    now = at >= period.since
    took = (func.percentile_cont(share).within_group(at - Ticket.created_at).filter(now) for share in (0.5, 0.9))
    counted = meaning(figure, both).select(func.count().filter(now), func.count().filter(~now), *took)
    return session.execute(counted).one()


def _flow(reading: Metrics, figure: Metric, rows: Iterable[Sequence[Any]], part: Part | None = None) -> None:
    rows = list(rows)
    sums: Counter[str] = Counter()
    for currency, now, _before, minor in rows:
        if currency is not None and now:
            sums[currency] += int(minor)
    amounts = tuple(Money(sums[currency], currency) for currency in sorted(sums))
    count, before = sum(row[1] for row in rows), sum(row[2] for row in rows)
    _add(reading, figure, count, amounts, part=part, before=before)


def _add(
    reading: Metrics,
    figure: Metric,
    count: int,
    amounts: tuple[Money, ...] = (),
    *,
    part: Part | None = None,
    before: int | None = None,
) -> None:
    reading.numbers.append(Number(figure, count, part, amounts, before))


def _sums(lines: Sequence[StageLine]) -> tuple[Money, ...]:
    sums: Counter[str] = Counter()
    for line in lines:
        if line.total is not None:
            sums[line.total.currency] += line.total.minor
    return tuple(Money(sums[currency], currency) for currency in sorted(sums))
