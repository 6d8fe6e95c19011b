"""Draw a digest from its sections, keep its numbers for the next, and send it at its time."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar.narrowing import Only, read
from bot.handlers.digests.cards import footer
from bot.handlers.digests.declaration import plugin
from bot.handlers.digests.drawing import charts, narrowing, words
from bot.handlers.digests.drawing.sheet import Sheet
from bot.handlers.digests.sections import pipeline, support, team
from bot.handlers.digests.sections.held import held_back
from bot.handlers.digests.wording import section
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.replies import Message, Picture
from bot.plugin import DigestSection, Member, Notice, _
from storage.digests import metrics, runs, schedules
from storage.digests.metrics import PIPELINE, SUPPORT, TEAM, Period
from storage.digests.runs import DigestRun
from storage.digests.schedules import Digest, Frequency, Scope
from storage.errors import CrmError, NotFound
from storage.notifications.preferences import Held
from storage.queues.outbox import Delivery
from storage.records import schema
from storage.workspace.workspaces import Workspace

log = logging.getLogger(__name__)

LATE = timedelta(minutes=10)
LONGEST = timedelta(days=31)
"""A digest that was paused for longer begins anew."""

CHARTS: Mapping[str, Callable[[Sheet], Picture | None]] = {PIPELINE: charts.pipeline, SUPPORT: charts.tickets}
"""The picture under each section of what is delivered."""
IN_WORDS: Mapping[str, Callable[[Sheet], list[Block]]] = {PIPELINE: words.pipeline, SUPPORT: words.tickets}
"""The same in characters, for /digest now and previews: Slack shows no picture in what only one sees."""

BUILT_IN: Mapping[str, Callable[[Sheet], list[Block]]] = {
    PIPELINE: pipeline.draw,
    SUPPORT: support.draw,
    TEAM: team.draw,
}


class RegistryForDigests(Protocol):
    """Stand for what a digest asks of every plugin's declarations."""

    @property
    def digest_sections(self) -> Mapping[str, DigestSection]:
        """Return the sections that plugins add to digests, by id."""
        ...


@dataclass(frozen=True, slots=True)
class WantedDigest:
    """Say what is to be drawn: the name, the sections, the time, for whom, and what to compare it with."""

    name: str
    sections: Sequence[str]
    period: Period
    receiver: Member | None
    workspace: Workspace
    now: datetime
    digest: Digest | None = None
    last: DigestRun | None = None
    late: timedelta | None = None
    why_late: str = ""
    at_once: bool = False
    """It is shown at once to who asks, and to nobody else."""
    only: Only | None = None
    """The filters of what it counts."""
    unread: CrmError | None = None
    """Why its filters mean nothing any more; then it counts nothing."""


@plugin.renderer("digest", kind=lambda row: None if row.payload.get("asked") else Notice.DIGESTS)
def digest(
    delivery: Delivery,
    session: Session,
    receiver: Member | None,
    workspace: Workspace,
    now: datetime,
    catalogue: RegistryForDigests,
) -> Message | None:
    """Draw a scheduled digest for the time it was due; None when it was stopped, or has nothing new to say."""
    try:
        found = schedules.resolve(session, delivery.record or "")
    except NotFound:
        return None
    asked = bool(delivery.payload.get("asked"))
    if not found.active and not asked:
        return None
    if not asked and delivery.held_by != Held.ASKED and _is_told(session, found, delivery, now):
        return None
    wanted = of_digest(session, found, receiver, workspace, now, delivery)
    sheet, blocks = draw(session, wanted, catalogue)
    if found.skip_empty and sheet.empty and not asked:
        return None
    run = runs.keep(
        session,
        name=found.name,
        period=wanted.period,
        numbers=_described(sheet),
        digest=found,
        only=found.only,
        delivery_id=delivery.id,
        target_user=delivery.target_user,
        target_channel=delivery.target_channel,
        asked=asked,
    )
    return message(wanted, sheet, blocks, run)


def of_digest(
    session: Session,
    found: Digest,
    receiver: Member | None,
    workspace: Workspace,
    now: datetime,
    delivery: Delivery | None = None,
) -> WantedDigest:
    """Return what a digest is to show for a delivery, or as it would be sent now.

    It covers the time since the last one that went out, so that runs that were missed are one, and what happened
    meanwhile is in it.
    """
    due_at = _due_at(delivery, now)
    late = now - due_at if now - due_at >= LATE else None
    until = now if late else due_at
    own = delivery.id if delivery else None
    scheduled = runs.last_sent(session, found, but=own, scheduled=True)
    since = since_of(found, until)
    if scheduled is not None and until - LONGEST <= scheduled.until < until:
        since = scheduled.until
    last = runs.last_sent(session, found, but=own)
    wanted = WantedDigest(
        name=found.name,
        sections=found.parts,
        period=Period(since, until, owners_of(session, found), found.pipeline_id),
        receiver=receiver,
        workspace=workspace,
        now=now,
        digest=found,
        # What counted other records says nothing of these.
        last=last if last and last.only == found.only else None,
        late=late,
        why_late=_why_late(delivery, due_at) if delivery else "",
    )
    values = narrowing.values_of(found.owner_id or "", receiver, workspace, found.zone, now)
    try:
        pairs = narrowing.typed(found.only, values)
        only = read(session, pairs, values, receiver.acts_in if receiver else schema.CHANNEL)
    except CrmError as error:
        return replace(wanted, unread=error)
    return narrowed(wanted, only)


def narrowed(wanted: WantedDigest, only: Only | None) -> WantedDigest:
    """Return what is to be drawn, of records alone for which filters hold."""
    return replace(wanted, only=only, period=replace(wanted.period, only=only.narrowing)) if only else wanted


def _due_at(delivery: Delivery | None, now: datetime) -> datetime:
    due = delivery.payload.get("due_at") if delivery else None
    return datetime.fromisoformat(str(due).replace("Z", "+00:00")) if due else now


def _is_told(session: Session, found: Digest, delivery: Delivery, now: datetime) -> bool:
    """Tell whether the last digest covers the time of this one, as where several waited and the first said it all."""
    last = runs.last_sent(session, found, but=delivery.id, scheduled=True)
    return last is not None and last.until >= _due_at(delivery, now)


def _why_late(delivery: Delivery, due_at: datetime) -> str:
    if delivery.created_at - due_at >= LATE:
        return _("Rapport was not running when this was due.")
    if delivery.held_by == Held.ASKED:
        return _("it was held back until somebody asked for it.")
    if delivery.held_by is not None:
        return _("it was held back until quiet hours were over.")
    return _("it could not be delivered sooner.")


def since_of(found: Digest, until: datetime) -> datetime:
    """Return where a first digest's period begins: a day ago, a week ago, or on a Monday after Friday's."""
    if found.frequency == Frequency.WEEKLY:
        return until - timedelta(days=7)
    monday = until.astimezone(format.zone(found.zone)).weekday() == 0
    return until - timedelta(days=3 if found.frequency == Frequency.WORKDAYS and monday else 1)


def owners_of(session: Session, found: Digest) -> Sequence[str] | None:
    """Return whose records a digest counts, None for everybody's."""
    about = found.about_id or found.owner_id
    if about is None or found.scope == Scope.EVERYONE:
        return None
    return metrics.team(session, about) if found.scope == Scope.TEAM else [about]


def draw(session: Session, wanted: WantedDigest, catalogue: RegistryForDigests) -> tuple[Sheet, list[Block]]:
    """Read and draw the sections of a digest; the sheet has the numbers, in the order of their keys."""
    me = format.reader(wanted.receiver, wanted.workspace, wanted.period.until)
    zone = wanted.digest.zone if wanted.digest else str(me.zone)
    left_out = _left_out(session, wanted, catalogue)
    sections = [name for name in wanted.sections if name not in left_out]
    reading = metrics.digest(session, wanted.period, sections=sections, zone=zone)
    sheet = Sheet(session, reading, me, wanted.last, said_more=wanted.unread is not None)
    notes = list(dict.fromkeys(left_out.values()))
    blocks: list[Block] = [b.context(note) for note in notes]
    for name in sections:
        if name in BUILT_IN:
            blocks += BUILT_IN[name](sheet)
            if wanted.at_once:
                blocks += IN_WORDS[name](sheet) if name in IN_WORDS else []
            else:
                sheet.pictures |= {len(blocks): chart for chart in [_chart(name, sheet)] if chart}
        elif name in catalogue.digest_sections:
            blocks += _of_plugin(session, wanted, catalogue.digest_sections[name], sheet)
    if wanted.digest is not None:
        target = wanted.digest.target_user or wanted.digest.target_channel or ""
        held = held_back(session, target, wanted.period)
        sheet.said_more |= bool(held)
        blocks += held
    return sheet, blocks


def _left_out(session: Session, wanted: WantedDigest, catalogue: RegistryForDigests) -> Mapping[str, b.Markup]:
    """Return why sections are left out: of what they count, nothing can be told by the filters."""
    if wanted.unread:
        why = b.markup(_(wanted.unread.template), **wanted.unread.params)
        told = b.markup(
            _("⚠️ Nothing is counted, as this digest's filter means nothing any more: {why} Edit it."), why=why
        )
        return dict.fromkeys(wanted.sections, told)
    if wanted.only is None:
        return {}
    found = {
        name: b.markup(_("{section} is left out: it knows no filters."), section=_(one.title))
        for name, one in catalogue.digest_sections.items()
    }
    for name in BUILT_IN:
        if lacking := narrowing.leaves_out(wanted.only, name):
            nouns, key = lacking
            called = ", ".join(_(schema.of(session).declared[noun].plural) for noun in nouns)
            template = _("{section} is left out: {nouns} have no {key}, nor have their customers.")
            found[name] = b.markup(template, section=section(name), nouns=called, key=key)
    return {name: why for name, why in found.items() if name in wanted.sections}


def _chart(name: str, sheet: Sheet) -> Picture | None:
    return CHARTS[name](sheet) if name in CHARTS else None


def _of_plugin(session: Session, wanted: WantedDigest, one: DigestSection, sheet: Sheet) -> list[Block]:
    reader = format.reader(wanted.receiver, wanted.workspace, wanted.now)
    given = {"session": session, "workspace": wanted.workspace, "now": wanted.now, "period": wanted.period}
    title: list[Block] = [b.divider(), b.section(b.markup("*{title}*", title=_(one.title)))]
    try:
        with session.begin_nested():
            drawn = one.draw({**given, "receiver": wanted.receiver, "reader": reader})
    except Exception:
        log.exception("the digest section %s failed, the rest goes on without it", one.id)
        return [*title, b.context(_("This part could not be shown right now."))]
    sheet.said_more |= bool(drawn)
    return [*title, *drawn] if drawn else []


def keep(session: Session, wanted: WantedDigest, sheet: Sheet, *, user_id: str) -> DigestRun:
    """Keep the numbers of a digest that one person sees at once."""
    return runs.keep(
        session,
        name=wanted.name,
        period=wanted.period,
        numbers=_described(sheet),
        digest=wanted.digest,
        only=wanted.only.text if wanted.only else "",
        target_user=user_id,
        asked=True,
    )


def _described(sheet: Sheet) -> list[dict[str, object]]:
    period = sheet.reading.period
    return [
        runs.described(sheet.session, f"F{place}", number, period)
        for place, number in enumerate(sheet.numbers, start=1)
    ]


def message(wanted: WantedDigest, sheet: Sheet, blocks: Sequence[Block], run: DigestRun) -> Message:
    """Put a digest together: what it is about, its sections, and the menu that explains its numbers."""
    period, me = wanted.period, sheet.me
    span = b.markup(_("{since} to {until}"), since=me.moment(period.since), until=me.moment(period.until))
    notes = [span, _compared(wanted, sheet)]
    if wanted.only:
        notes.insert(1, only_note(wanted.only.text))
    if wanted.late:
        ago = format.duration(wanted.late, me.locale)
        notes.insert(0, b.markup(_("*Late by {time}*: {why}"), time=ago, why=wanted.why_late))
    choices = [
        b.Option(f"F{place} {sheet.title(number)}", str(b.Control(detail=f"F{place} {run.id}")))
        for place, number in enumerate(sheet.numbers, start=1)
    ]
    menus = [b.actions(b.menu(_("Behind the numbers…"), plugin.id("behind"), choices))] if choices else []
    own = footer(wanted.digest) if wanted.digest else []
    text = b.markup(_("Digest: {name}"), name=wanted.name)
    head = [b.header(wanted.name), b.context(*notes)]
    pictures = {place + len(head): picture for place, picture in sheet.pictures.items()}
    return Message(text, [*head, *blocks, *menus, *own], pictures=pictures)


def only_note(text: str) -> b.Markup:
    """Say which records alone were counted."""
    return b.markup(_("Only {filters}"), filters=b.cut(text, narrowing.LONGEST))


def _compared(wanted: WantedDigest, sheet: Sheet) -> b.Markup:
    length = format.duration(wanted.period.until - wanted.period.since, sheet.me.locale)
    if wanted.last is None:
        return b.markup(_("▲▼ against the period before ({length})"), length=length)
    when = sheet.me.moment(wanted.last.until)
    template = _("▲▼ against the period before ({length}); current totals, against the digest of {when}")
    return b.markup(template, length=length, when=when)
