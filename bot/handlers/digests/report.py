"""Draw a digest: sales and support in numbers, each with the word that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from babel.dates import format_timedelta
from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.handlers.digests.declaration import plugin
from bot.plugin import Member, _
from bot.replies import Message
from bot.shown import Reader
from ml.starter import CATEGORIES
from storage import digests, figures
from storage.digests import Content, Digest, Frequency, Scope
from storage.errors import NotFound
from storage.figures import Figure, Period, Total
from storage.money import Money
from storage.outbox import Delivery
from storage.workspaces import Workspace

NAMED = 3
WORDS: dict[str, Figure] = {
    "open": Figure.DEALS_OPEN,
    "new": Figure.DEALS_NEW,
    "won": Figure.DEALS_WON,
    "lost": Figure.DEALS_LOST,
    "stalled": Figure.DEALS_STALLED,
    "overdue": Figure.FOLLOWUPS_OVERDUE,
    "opened": Figure.TICKETS_OPENED,
    "resolved": Figure.TICKETS_RESOLVED,
    "backlog": Figure.TICKETS_BACKLOG,
    "answered": Figure.TICKETS_ANSWERED,
    "unanswered": Figure.TICKETS_UNANSWERED,
}
"""What is typed after `/digest explain` for each number."""


@plugin.renderer("digest")
def digest(
    delivery: Delivery, session: Session, reader: Member | None, workspace: Workspace, now: datetime
) -> Message | None:
    """Draw a scheduled digest for the time it was due; None when it was stopped or deleted."""
    try:
        found = digests.resolve(session, delivery.record or "")
    except NotFound:
        return None
    if not found.active:
        return None
    due_at = delivery.payload.get("due_at")
    until = datetime.fromisoformat(str(due_at).replace("Z", "+00:00")) if due_at else now
    period = Period(since_of(found, until), until, owners_of(session, found))
    return draw(session, found.name, found.content, period, shown.reader(reader, workspace, until))


def since_of(found: Digest, until: datetime) -> datetime:
    """Return where a digest's period begins: a day ago, a week ago, or on a Monday after Friday's."""
    if found.frequency == Frequency.WEEKLY:
        return until - timedelta(days=7)
    monday = until.astimezone(shown.zone(found.zone)).weekday() == 0
    return until - timedelta(days=3 if found.frequency == Frequency.WORKDAYS and monday else 1)


def owners_of(session: Session, found: Digest) -> Sequence[str] | None:
    """Return whose records a digest counts, None for everybody's."""
    if found.owner_id is None or found.scope == Scope.EVERYONE:
        return None
    return figures.team(session, found.owner_id) if found.scope == Scope.TEAM else [found.owner_id]


def draw(session: Session, name: str, content: str, period: Period, me: Reader) -> Message:
    """Draw a digest of a period."""
    blocks: list[Block] = [
        b.header(name),
        b.context(b.markup(_("{since} to {until}"), since=me.moment(period.since), until=me.moment(period.until))),
    ]
    if content in {Content.PIPELINE, Content.BOTH}:
        blocks += _sales(session, period, me)
    if content in {Content.SUPPORT, Content.BOTH}:
        blocks += _support(session, period, me)
    blocks.append(b.context(_("What is behind a number: `/digest explain stalled`, or any other word in `grey`.")))
    return Message(b.markup(_("Digest: {name}"), name=name), blocks)


def _sales(session: Session, period: Period, me: Reader) -> list[Block]:
    lines = figures.pipeline(session, period)
    stages = [
        b.markup(
            "{stage}  *{count}*  {total}  _{share}_",
            stage=line.stage,
            count=line.count,
            total=me.money(line.total) if line.total else _("no amount"),
            share=shown.percent(line.probability / 100, me.locale),
        )
        for line in lines
    ]
    weighted = me.totals(line.weighted for line in lines)
    forecast = b.markup(_("Weighted forecast: *{sum}*"), sum=", ".join(weighted) or me.money(Money(0, "USD")))
    blocks: list[Block] = [
        b.divider(),
        b.section(
            b.join([b.markup("*{title}*  `open`", title=_("Pipeline")), *(stages or [b.esc(_("No open deals."))])])
        ),
    ]
    if weighted:
        blocks.append(b.context(forecast))
    counts = [
        _deals(_("New"), "new", figures.total(session, Figure.DEALS_NEW, period), me),
        _deals(_("Won"), "won", figures.total(session, Figure.DEALS_WON, period), me),
        _deals(_("Lost"), "lost", figures.total(session, Figure.DEALS_LOST, period), me),
        _count(_("Follow-ups overdue"), "overdue", figures.count(session, Figure.FOLLOWUPS_OVERDUE, period)),
    ]
    return [*blocks, b.section("", fields=counts), *_stalled(session, period, me)]


def _stalled(session: Session, period: Period, me: Reader) -> list[Block]:
    number = figures.count(session, Figure.DEALS_STALLED, period)
    if not number:
        return []
    named = [
        b.markup("• {ref} {name}  _{ago}_", ref=deal.reference, name=deal.name, ago=me.ago(deal.touched_at))
        for deal in figures.records(session, Figure.DEALS_STALLED, period, limit=NAMED)
    ]
    return [b.section(b.join([_count(_("Stalled, nothing for two weeks"), "stalled", number), *named]))]


def _support(session: Session, period: Period, me: Reader) -> list[Block]:
    counts = [
        _count(_("Tickets opened"), "opened", figures.count(session, Figure.TICKETS_OPENED, period)),
        _count(_("Resolved"), "resolved", figures.count(session, Figure.TICKETS_RESOLVED, period)),
        _count(
            _("Waiting for a first answer"), "unanswered", figures.count(session, Figure.TICKETS_UNANSWERED, period)
        ),
        _first_response(figures.first_response(session, period), me),
    ]
    backlog = figures.backlog(session, period)
    by_category: dict[str, int] = {}
    for line in backlog:
        name = _(CATEGORIES.get(line.category, line.category.capitalize())) if line.category else _("Not classified")
        by_category[name] = by_category.get(name, 0) + line.count
    urgent = sum(line.count for line in backlog if line.priority in {"urgent", "high"})
    rows = [
        b.markup("{name}  *{count}*", name=name, count=count)
        for name, count in sorted(by_category.items(), key=lambda item: -item[1])[:8]
    ]
    title = b.markup(
        _("*Backlog*  *{count}*  `backlog`, {urgent} of them high or urgent"),
        count=sum(by_category.values()),
        urgent=urgent,
    )
    return [
        b.divider(),
        b.section(b.markup("*{title}*", title=_("Support")), fields=counts),
        b.section(b.join([title, *(rows or [b.esc(_("Nothing is open."))])])),
    ]


def _first_response(found: figures.FirstResponse, me: Reader) -> b.Markup:
    if found.median is None or found.ninth_decile is None:
        return b.markup("{label}\n*{none}*  `answered`", label=_("First answer"), none=_("none yet"))
    median, slowest = (
        format_timedelta(t, locale=me.locale.replace("-", "_")) for t in (found.median, found.ninth_decile)
    )
    return b.markup(
        _("{label}\n*{median}*, 9 of 10 within {slowest}  `answered`"),
        label=_("First answer"),
        median=median,
        slowest=slowest,
    )


def _deals(label: str, word: str, total: Total, me: Reader) -> b.Markup:
    worth = ", ".join(me.money(amount) for amount in total.amounts)
    return b.markup("{label}\n*{count}*  {worth}  `{word}`", label=label, count=total.count, worth=worth, word=word)


def _count(label: str, word: str, number: int) -> b.Markup:
    return b.markup("{label}\n*{number}*  `{word}`", label=label, number=number, word=word)
