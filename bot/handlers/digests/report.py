"""Draw a digest: sales and support in numbers, each with the word that explains it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot import blocks as b
from bot import categories, shown
from bot.handlers.digests.declaration import plugin
from bot.handlers.digests.held import held_back
from bot.plugin import Member, Notice, _
from bot.replies import Message
from bot.shown import Reader
from storage import digests, figures
from storage.digests import Content, Digest, Frequency, Scope
from storage.errors import NotFound
from storage.figures import Figure, Period, Total
from storage.outbox import Delivery
from storage.workspaces import Workspace

NAMED = 3
SALES: dict[str, Figure] = {
    "open": Figure.DEALS_OPEN,
    "new": Figure.DEALS_NEW,
    "won": Figure.DEALS_WON,
    "lost": Figure.DEALS_LOST,
    "stalled": Figure.DEALS_STALLED,
    "overdue": Figure.FOLLOWUPS_OVERDUE,
}
SUPPORT: dict[str, Figure] = {
    "opened": Figure.TICKETS_OPENED,
    "resolved": Figure.TICKETS_RESOLVED,
    "backlog": Figure.TICKETS_BACKLOG,
    "answered": Figure.TICKETS_ANSWERED,
    "unanswered": Figure.TICKETS_UNANSWERED,
}
WORDS = {**SALES, **SUPPORT}
"""What is typed after `/digest explain` for each number."""


def label(word: str) -> str:
    """Return what a number is called in a digest."""
    return {
        "open": _("Open deals"),
        "new": _("New deals"),
        "won": _("Deals won"),
        "lost": _("Deals lost"),
        "stalled": _("Stalled deals"),
        "overdue": _("Follow-ups overdue"),
        "opened": _("Tickets opened"),
        "resolved": _("Tickets resolved"),
        "backlog": _("Backlog"),
        "answered": _("Answered for the first time"),
        "unanswered": _("Waiting for a first answer"),
    }[word]


@plugin.renderer("digest", kind=lambda row: None if row.payload.get("asked") else Notice.DIGESTS)
def digest(
    delivery: Delivery, session: Session, reader: Member | None, workspace: Workspace, now: datetime
) -> Message | None:
    """Draw a scheduled digest for the time it was due; None when it was stopped or deleted."""
    try:
        found = digests.resolve(session, delivery.record or "")
    except NotFound:
        return None
    if not found.active and not delivery.payload.get("asked"):
        return None
    due_at = delivery.payload.get("due_at")
    until = datetime.fromisoformat(str(due_at).replace("Z", "+00:00")) if due_at else now
    period = Period(since_of(found, until), until, owners_of(session, found))
    me = shown.reader(reader, workspace, until)
    message = draw(session, found.name, found.content, period, me, reference=found.reference)
    return replace(message, blocks=[*message.blocks, *held_back(session, delivery.lane, period)])


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


def draw(session: Session, name: str, content: str, period: Period, me: Reader, *, reference: str = "") -> Message:
    """Draw a digest of a period; `reference` is that of the digest whose records it counts, none for everybody's."""
    blocks: list[Block] = [
        b.header(name),
        b.context(b.markup(_("{since} to {until}"), since=me.moment(period.since), until=me.moment(period.until))),
    ]
    words: list[str] = []
    if content in {Content.PIPELINE, Content.BOTH}:
        blocks += _sales(session, period, me)
        words += SALES
    if content in {Content.SUPPORT, Content.BOTH}:
        blocks += _support(session, period, me)
        words += SUPPORT
    span = f"{period.since.timestamp()} {period.until.timestamp()}"
    choices = [b.Option(label(word), str(b.Control(reference, 0, f"{word} {span}"))) for word in words]
    blocks.append(b.actions(b.menu(_("What is behind…"), plugin.id("behind"), choices)))
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
    blocks: list[Block] = [
        b.divider(),
        b.section(b.join([b.markup("*{title}*", title=_("Pipeline")), *(stages or [b.esc(_("No open deals."))])])),
    ]
    if weighted:
        blocks.append(b.context(b.markup(_("Weighted forecast: *{sum}*"), sum=", ".join(weighted))))
    counts = [
        *(_deals(label(word), figures.total(session, SALES[word], period), me) for word in ("new", "won", "lost")),
        _count(label("overdue"), figures.count(session, Figure.FOLLOWUPS_OVERDUE, period)),
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
    return [b.section(b.join([_count(_("Stalled, nothing for two weeks"), number), *named]))]


def _support(session: Session, period: Period, me: Reader) -> list[Block]:
    counts = [
        *(
            _count(label(word), figures.count(session, SUPPORT[word], period))
            for word in ("opened", "resolved", "unanswered")
        ),
        _first_response(figures.first_response(session, period), me),
    ]
    backlog = figures.backlog(session, period)
    called = categories.namer(session)
    by_category: dict[str, int] = {}
    for line in backlog:
        name = called(line.category) if line.category else _("Not classified")
        by_category[name] = by_category.get(name, 0) + line.count
    urgent = sum(line.count for line in backlog if line.priority in {"urgent", "high"})
    rows = [
        b.markup("{name}  *{count}*", name=name, count=count)
        for name, count in sorted(by_category.items(), key=lambda item: -item[1])[:8]
    ]
    title = b.markup(
        _("*Backlog*  *{count}*, {urgent} of them high or urgent"),
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
        return b.markup("{label}\n*{none}*", label=_("First answer"), none=_("none yet"))
    return b.markup(
        _("{label}\n*{median}*, 9 of 10 within {slowest}"),
        label=_("First answer"),
        median=shown.duration(found.median, me.locale),
        slowest=shown.duration(found.ninth_decile, me.locale),
    )


def _deals(label: str, total: Total, me: Reader) -> b.Markup:
    worth = ", ".join(me.money(amount) for amount in total.amounts)
    return b.markup("{label}\n*{count}*  {worth}", label=label, count=total.count, worth=worth)


def _count(label: str, number: int) -> b.Markup:
    return b.markup("{label}\n*{number}*", label=label, number=number)
