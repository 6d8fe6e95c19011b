"""Show and change what is promised, and say how it was kept."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.sla.declaration import plugin
from bot.handlers.sla.notices import line
from bot.handlers.sla.wording import (
    SPAN,
    PromiseWords,
    examples,
    kind_words,
    priority_words,
    promise_line,
    read_promise,
    span_words,
    typed_tier,
    week_words,
    which_words,
)
from bot.kit import blocks as b
from bot.kit import fields
from bot.kit.format import Reader, paragraphs, percent, undo_hint
from bot.kit.replies import Instead, Message
from bot.plugin import Role, _
from storage.support import sla
from storage.support.sla import FIRST_RESPONSE, KINDS, RESOLUTION, USUAL, PromiseOutcome
from storage.support.tickets import TICKET

PERIOD = timedelta(days=30)
LISTED = 5


@plugin.command("sla", usage="[promise]", role=Role.AGENT)
def show(args: Args, session: Session, reader: Reader) -> Message | Instead:
    """Show the promised answer times, how well you kept them, and late tickets; or promise, as `sla set` does."""
    return Instead("sla set", args.raw) if args.get("promise") else overview(session, reader)


@plugin.command(
    "sla set",
    usage="[promise] [priority:urgent] [tier:gold] [answer:1h] [resolve:8h]",
    role=Role.MANAGER,
    example="urgent gold 1h 8h",
    answer=SPAN,
    resolve=SPAN,
)
def set_(args: Args, session: Session, reader: Reader) -> Message:
    """Promise times to answer and resolve tickets: of a priority, of a customer tier, or all."""
    said = read_promise(session, args.get("promise") or "", args.writer)
    if said.either and ("answer" not in args and "resolve" not in args):
        return _which(session, said, reader)
    sla.set_target(
        session,
        priority=args.typed("priority", fields.choice_type(session, TICKET, "priority")) or said.priority,
        tier=typed_tier(session, args.get("tier")) or said.tier,
        first_response_minutes=args.typed("answer", SPAN) or said.answer,
        resolution_minutes=args.typed("resolve", SPAN) or said.resolve,
    )
    notice = _("Saved. The clocks of open tickets follow within seconds.")
    return overview(session, reader, notice=notice, undo=True)


def _which(session: Session, said: PromiseWords, reader: Reader) -> Message:
    """Ask whether the one time that was named is for the answer or for the solution."""
    assert said.either is not None, "that is what is asked"
    text = b.markup(
        _("Is {time} for the first answer, or for the solution?"), time=span_words(said.either, reader.locale)
    )
    buttons = [
        b.button(
            label, plugin.id("promise"), b.Control(detail=json.dumps([said.priority, said.tier, kind, said.either]))
        )
        for kind, label in ((FIRST_RESPONSE, _("First answer")), (RESOLUTION, _("Solution")))
    ]
    return Message(text, [b.section(text), *(b.actions(one) for one in buttons)])


@plugin.command(
    "sla remove",
    usage="[priority:urgent] [tier:gold]",
    role=Role.MANAGER,
    example="priority:urgent tier:gold",
)
def remove(args: Args, session: Session, reader: Reader) -> Message:
    """Take a promise back; without priority and tier, the one for all other tickets."""
    gone = sla.remove_target(
        session,
        priority=args.typed("priority", fields.choice_type(session, TICKET, "priority")),
        tier=typed_tier(session, args.get("tier")),
    )
    notice = b.markup(_("{which}: no promise any more."), which=which_words(session, gone))
    return overview(session, reader, notice=notice, undo=True)


def overview(
    session: Session, reader: Reader, *, notice: b.Text | None = None, undo: bool = False, replace: bool = False
) -> Message:
    """Draw what is promised, how it was kept, and what runs late; how to begin where nothing is promised."""
    targets = sla.targets(session)
    head = [b.section(notice)] if notice else []
    tail = [undo_hint()] if undo else []
    if not targets:
        return Message(
            notice or _("There are no promises yet."), [*head, *_beginning(session, reader), *tail], replace=replace
        )
    hours = sla.hours(session)
    counted = b.markup(
        _("Times count in your business hours: {week} ({zone}), see `/crm hours`."),
        week=week_words(hours, reader.locale),
        zone=hours.zone,
    )
    lines = [
        b.markup("*{title}*", title=_("Promises")),
        *(promise_line(session, one, reader.locale) for one in targets),
    ]
    blocks: list[Block] = [*head, *paragraphs(lines), b.context(counted), *_kept(session, reader)]
    late = [one for one in sla.late(session, until=reader.now, limit=LISTED) if one.ticket is not None]
    if late:
        title = b.markup("*{title}*", title=_("Late now"))
        blocks += paragraphs([title, *(line(session, clock.ticket, clock, reader) for clock in late)])
    text = notice or _("Promises, and how well they were kept")
    return Message(text, [*blocks, b.context(examples(targets)), *tail], replace=replace)


def _beginning(session: Session, reader: Reader) -> Sequence[Block]:
    offers = [
        b.markup(
            _("• *{priority}*: answer within {answer}, solve within {resolve}"),
            priority=priority_words(session, priority),
            answer=span_words(answer, reader.locale),
            resolve=span_words(resolve, reader.locale),
        )
        for priority, answer, resolve in USUAL
    ]
    hours = sla.hours(session)
    counted = b.markup(
        _("Times count in your business hours: {week} ({zone}). Change them: `/crm hours mon-fri 09:00-17:00`."),
        week=week_words(hours, reader.locale),
        zone=hours.zone,
    )
    title = _("There are no promises yet, so no ticket has a clock. Many teams begin with these:")
    return [
        *paragraphs([title, *offers]),
        b.context(counted),
        b.actions(b.button(_("Promise this"), plugin.id("usual"), style="primary")),
        b.context(_("Or your own: `/crm sla set priority:urgent answer:1h resolve:8h`.")),
    ]


def _kept(session: Session, reader: Reader) -> list[Block]:
    """Say how often the promises of the last weeks were kept, by priority."""
    found = sla.outcomes(session, since=reader.now - PERIOD, until=reader.now)
    title = b.markup("*{title}*", title=_("The last 30 days"))
    if not found:
        return paragraphs([title, _("No clock has stopped yet.")])
    return paragraphs(
        [title, *(_kept_line(session, kind, of_kind, reader) for kind in KINDS if (of_kind := _of(found, kind)))]
    )


def _of(found: Sequence[PromiseOutcome], kind: str) -> list[PromiseOutcome]:
    return [one for one in found if one.kind == kind]


def _kept_line(session: Session, kind: str, found: Sequence[PromiseOutcome], reader: Reader) -> b.Markup:
    met, total = sum(one.met for one in found), sum(one.met + one.breached for one in found)
    each = [
        b.markup(
            "{priority} {met}/{total}",
            priority=priority_words(session, one.priority),
            met=one.met,
            total=one.met + one.breached,
        )
        for one in found
    ]
    return b.markup(
        _("• {what}: *{share}* in time, {late} late ({each})"),
        what=kind_words(kind),
        share=percent(met / total, reader.locale),
        late=total - met,
        each=b.join(each, ", "),
    )
