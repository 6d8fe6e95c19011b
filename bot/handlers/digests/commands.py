"""See a digest now, list those that are sent, and ask what is behind a number."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.grammar import Args, did_you_mean
from bot.handlers.digests import report
from bot.handlers.digests.cards import card
from bot.handlers.digests.declaration import plugin
from bot.plugin import Member, Role, _
from bot.replies import Message
from storage import digests, figures
from storage.digests import Content
from storage.errors import Invalid, NotFound
from storage.figures import Period
from storage.workspaces import Workspace

PERIODS = {"day": 1, "week": 7, "month": 30}
EXPLAINED = 25


@plugin.command("digest now", usage="[content] [period:week]", role=Role.MANAGER, example="pipeline period:month")
def now_(args: Args, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Show the digest now: pipeline, support or both, of the last day, week or month."""
    content = args.text.casefold() or Content.BOTH.value
    if content not in set(Content):
        raise Invalid("There is no digest of “{word}”.", word=args.text, hint="It is of pipeline, support or both.")
    me = shown.reader(actor, workspace, now)
    return report.draw(session, _("Right now"), content, _period(args, now), me)


def _period(args: Args, now: datetime) -> Period:
    word = (args.get("period") or "week").casefold()
    if word not in PERIODS:
        raise Invalid("“{word}” is no period.", word=word, field="period", hint="It is day, week or month.")
    return Period(now - timedelta(days=PERIODS[word]), now)


@plugin.command("digest explain", usage="<number> [period:week]", role=Role.VIEWER, example="stalled")
def explain(args: Args, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """List what is behind a number: open, new, won, lost, stalled, overdue, opened, resolved, backlog, (un)answered."""
    word = args.text.casefold().strip("`")
    if word not in report.WORDS:
        near = did_you_mean(word, report.WORDS)
        raise Invalid(
            "There is no number called “{word}”.",
            word=args.text,
            hint="Did you mean {near}?" if near else "They are: {all}.",
            near=near or "",
            all=", ".join(report.WORDS),
        )
    return _behind(session, word, _period(args, now), shown.reader(actor, workspace, now))


@plugin.action("behind", role=Role.VIEWER)
def behind(control: b.Control, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """List what is behind a number of a digest, as it was counted there."""
    try:
        word, since, until = control.detail.split()
        start, end = (datetime.fromtimestamp(float(one), UTC) for one in (since, until))
    except (ValueError, OverflowError, OSError):
        raise Invalid("This menu can not be used any more.", hint="Try `/digest explain`.") from None
    if word not in report.WORDS:
        raise NotFound("There is no number called “{word}”.", word=word)
    owners = report.owners_of(session, digests.resolve(session, control.record)) if control.record else None
    return _behind(session, word, Period(start, end, owners), shown.reader(actor, workspace, now))


def _behind(session: Session, word: str, period: Period, me: shown.Reader) -> Message:
    number = figures.count(session, report.WORDS[word], period)
    rows = figures.records(session, report.WORDS[word], period, limit=EXPLAINED)
    lines = [_row(row, me) for row in rows] or [b.esc(_("Nothing is behind it."))]
    if number > len(rows):
        lines.append(b.markup(_("… and {more} more"), more=number - len(rows)))
    title = b.markup("*{label}: {number}*", label=report.label(word), number=number)
    span = b.markup(_("{since} to {until}"), since=me.moment(period.since), until=me.moment(period.until))
    return Message(title, [b.section(title), *shown.paragraphs(lines), b.context(span)])


def _row(row: Any, me: shown.Reader) -> b.Markup:
    name = getattr(row, "name", None) or getattr(row, "text", "")
    amount = getattr(row, "amount", None)
    worth = me.money(amount) if amount else ""
    return b.markup("{ref} *{name}*  {worth}", ref=row.reference, name=b.cut(str(name), 150), worth=worth)


@plugin.command("digest list", role=Role.MANAGER)
def list_(actor: Member, workspace: Workspace, session: Session) -> Message:
    """List the digests that are sent, with buttons to send one now, stop, start or delete it."""
    found = digests.list_digests(session)
    if not found:
        return Message(_("No digests yet. Set one up: `/digest new`"))
    blocks = [block for one in found for block in card(one, shown.locale_of(actor, workspace))]
    return Message(_("Digests"), [b.header(_("Digests")), *blocks])
