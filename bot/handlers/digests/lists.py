"""List what is behind a number of a digest, as it was counted there."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar import Args, did_you_mean
from bot.grammar.narrowing import Only, read
from bot.handlers.digests import notices
from bot.handlers.digests.declaration import plugin
from bot.handlers.digests.drawing import narrowing
from bot.handlers.digests.drawing.narrowing import DEALS, TICKETS
from bot.handlers.digests.drawing.sheet import Sheet
from bot.handlers.digests.wording import WORDS, label
from bot.kit import blocks as b
from bot.kit import categories, format
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.kit.tickets import rating_line
from bot.plugin import Member, Place, Role, _
from storage.digests import metrics, runs, schedules
from storage.digests.metrics import Metric, Metrics, Period
from storage.digests.runs import DigestRun
from storage.errors import Invalid, NotFound
from storage.support.labels import Label
from storage.support.ratings import Rating
from storage.workspace.workspaces import Workspace

PERIODS = {"day": 1, "week": 7, "month": 30, "quarter": 91, "year": 365}
EXPLAINED = runs.BEHIND
COUNTED: Mapping[Metric, str] = {
    Metric.DEALS_OPEN: DEALS,
    Metric.DEALS_NEW: DEALS,
    Metric.DEALS_WON: DEALS,
    Metric.DEALS_LOST: DEALS,
    Metric.DEALS_STALLED: DEALS,
}
"""Which noun a figure counts; all others count tickets, or what is about them."""
LISTED: Mapping[Metric, str] = {Metric.DEALS_OPEN: DEALS, Metric.TICKETS_BACKLOG: TICKETS}
"""The figures of which the records are those that a list shows."""
_KEY = re.compile(r"f\d{1,3}", re.IGNORECASE)


@plugin.command("digest explain", usage="<number> [of:name] [period:week] [filters]", role=Role.VIEWER, example="F3")
def explain(
    args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace, now: datetime, place: Place
) -> Message:
    """List the records behind a number: a key in the last digest here, such as F3, or a word such as stalled."""
    word = args.text.casefold().strip("`")
    if _KEY.fullmatch(word):
        if args.filters:
            raise Invalid("A key stands for what was counted.", hint="Write `/digest now` with your filters instead.")
        return _of_key(session, word, digest_of(session, actor, place, args.get("of")), reader)
    if word not in WORDS:
        near = did_you_mean(word, WORDS)
        raise Invalid(
            "There is no number called “{word}”.",
            word=args.text,
            hint="Did you mean {near}?" if near else "They are: {all}, or a key such as F3.",
            near=near or "",
            all=", ".join(WORDS),
        )
    only = only_of(args, session, actor, workspace, now)
    if only and not only.narrowing.holds(COUNTED.get(WORDS[word], TICKETS)):
        lacking = next(iter(only.lacking.values()))
        raise Invalid("What this number counts has no {name}.", name=lacking, hint="Leave that filter out.")
    return _behind(session, word, period_of(args, now), reader, only)


def only_of(args: Args, session: Session, actor: Member, workspace: Workspace, now: datetime) -> Only | None:
    """Return the filters that somebody typed, None for none; raise CrmError for what cannot be read."""
    zone = format.zone_of(actor, workspace).key
    values = narrowing.values_of(actor.id, actor, workspace, zone, now)
    return read(session, args.filters, values, actor.acts_in)


def period_of(args: Args, now: datetime) -> Period:
    """Return the day, week, month, quarter or year that ends now."""
    word = (args.get("period") or "week").casefold()
    if word not in PERIODS:
        raise Invalid(
            "“{word}” is not a period.", word=word, field="period", hint="Write day, week, month, quarter or year."
        )
    return Period(now - timedelta(days=PERIODS[word]), now)


def digest_of(session: Session, actor: Member, place: Place, name: str | None) -> DigestRun:
    """Return the digest that a person means by a key: the last one in this conversation, or to them; or raise."""
    run = runs.newest(session, user_id=actor.id, channel_id=place.channel_id, name=name)
    if run is None and name is not None:
        raise NotFound("No digest called “{name}” came here or to you.", name=name, hint="Look at `/digest list`.")
    if run is None:
        raise NotFound("No digest came here or to you yet.", hint="See one: `/digest now`")
    return run


@plugin.action("behind", role=Role.VIEWER)
def behind(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """List what is behind a number of a digest, as it was counted there."""
    words = control.detail.split()
    if len(words) == 2 and _KEY.fullmatch(words[0]) and words[1].isdecimal() and len(words[1]) < 19:
        run = runs.get(session, int(words[1]))
        if run.target_channel is None and run.target_user != actor.id:
            raise NotFound("This digest belongs to somebody else.")
        return _of_key(session, words[0], run, reader)
    return _as_drawn_before(session, control, words, reader)


def _as_drawn_before(session: Session, control: b.Control, words: Sequence[str], me: format.Reader) -> Message:
    """Answer the menu of a digest that an earlier release drew: a word and a time."""
    try:
        word, since, until = words
        start, end = (datetime.fromtimestamp(float(one), UTC) for one in (since, until))
    except (ValueError, OverflowError, OSError):
        raise Invalid("This menu no longer works.", hint="Try `/digest explain`.") from None
    if word not in WORDS:
        raise NotFound("There is no number called “{word}”.", word=word)
    owners = notices.owners_of(session, schedules.resolve(session, control.record)) if control.record else None
    return _behind(session, word, Period(start, end, owners), me)


def _of_key(session: Session, key: str, run: DigestRun, me: format.Reader) -> Message:
    kept = run.find(key)
    if kept is None:
        last = run.numbers[-1]["key"] if run.numbers else "F0"
        raise NotFound(
            "*{name}* of {when} has the numbers F1 to {last}.", name=run.name, when=str(run.until.date()), last=last
        )
    number, period = runs.number_of(kept), Period(run.since, run.until)
    rows = metrics.identified(session, number.figure, period, kept["ids"])
    title = f"{kept['key']} {Sheet(session, Metrics(period), me, None).title(number)}"
    gone = len(kept["ids"]) - len(rows)
    notes = [b.markup(_("{number} of them no longer exist."), number=gone)] if gone else []
    of = b.markup(
        _("*{name}*, {since} to {until}"), name=run.name, since=me.moment(run.since), until=me.moment(run.until)
    )
    only = run.only if narrowing.seen(session, run.only) else ""
    notes += _narrowed(session, number.figure, only, whole=number.part is None)
    return _listed(session, title, number.count, rows, number.count - len(kept["ids"]), [of, *notes], me)


def _narrowed(session: Session, figure: Metric, only: str, *, whole: bool) -> list[b.Markup]:
    """Say by which filters a number counts, and where all of its records are listed."""
    notes = [notices.only_note(only)] if only else []
    noun = LISTED.get(figure) if whole else None
    if command := narrowing.as_list(session, noun, only) if noun else None:
        notes.append(b.markup(_("All of them: `{command}`"), command=command.replace("`", "")))
    return notes


def _behind(session: Session, word: str, period: Period, me: format.Reader, only: Only | None = None) -> Message:
    period = replace(period, only=only.narrowing) if only else period
    number = metrics.count(session, WORDS[word], period)
    rows = metrics.records(session, WORDS[word], period, limit=EXPLAINED)
    span = b.markup(_("{since} to {until}"), since=me.moment(period.since), until=me.moment(period.until))
    notes = [span, *_narrowed(session, WORDS[word], only.text if only else "", whole=True)]
    return _listed(session, label(WORDS[word]), number, rows, number - len(rows), notes, me)


def _listed(
    session: Session,
    title: str,
    number: int,
    rows: Sequence[Any],
    more: int,
    notes: Sequence[b.Markup],
    me: format.Reader,
) -> Message:
    lines = [_row(session, row, me) for row in rows]
    if not number:
        lines.append(b.esc(_("There are no records behind it.")))
    if more > 0:
        lines.append(b.markup(_("… and {more} more"), more=more))
    head = b.markup("*{title}: {number}*", title=b.cut(title, 300), number=number)
    return Message(head, [b.section(head), *format.paragraphs(lines), b.context(*notes)])


def _row(session: Session, row: Any, me: format.Reader) -> b.Markup:
    if isinstance(row, Label):
        called = categories.namer(session)
        old = called(row.old_category) if row.old_category else _("Not classified")
        return b.markup(
            "{old} → *{new}*  {who}  _{ago}_",
            old=old,
            new=called(row.new_category),
            who=format.who(session, row.actor_id) if row.actor_id else "",
            ago=me.ago(row.at),
        )
    if isinstance(row, Rating):
        line = rating_line(session, row)
        return b.markup("{ref} *{name}*  {line}", ref=row.ticket.reference, name=b.cut(row.ticket.name, 150), line=line)
    name = getattr(row, "name", None) or getattr(row, "text", "")
    amount = getattr(row, "amount", None)
    worth = me.money(amount) if amount else ""
    return b.markup("{ref} *{name}*  {worth}", ref=row.reference, name=b.cut(str(name), 150), worth=worth)
