"""Put a follow-up off in a form, or log what came of it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks as b
from bot import shown
from bot.grammar import parse_when
from bot.handlers.followups import cards
from bot.handlers.followups.commands import finish
from bot.handlers.followups.declaration import plugin
from bot.handlers.followups.held import check_logs, check_owner, mine_or_ours
from bot.plugin import Member, Role, _
from bot.replies import Message, Modal
from bot.shown import overtaken
from storage import followups, notes, records
from storage.about import subject_of
from storage.errors import Invalid
from storage.followups import Followup
from storage.names import NOTE_LIMIT
from storage.workspaces import Workspace

KINDS: Mapping[str, str] = {"call": "Call", "meeting": "Meeting", "email": "E-mail", "note": "Note"}


@plugin.view("reschedule", title="Reschedule", role=Role.VIEWER)
def reschedule(control: b.Control, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Modal:
    """Choose another time for a follow-up."""
    followup, me = mine_or_ours(session, control.record, actor), shown.reader(actor, workspace, now)
    due = followup.due_at.astimezone(me.zone)
    return Modal(
        _("Reschedule"),
        [
            b.section(b.markup("*{text}*", text=followup.text[:200])),
            b.text_input(
                "when",
                _("When"),
                initial=f"{due:%Y-%m-%d %H:%M}" if due > me.now else "",
                placeholder=_("tomorrow 9am"),
                hint=_("Such as: next tue 3pm, in 2 hours, every monday 9am, last weekday of the month"),
            ),
        ],
        submit=_("Reschedule"),
        state=_seen(followup),
    )


@reschedule.submit
def rescheduled(
    values: Mapping[str, Any],
    state: Mapping[str, str],
    actor: Member,
    workspace: Workspace,
    now: datetime,
    session: Session,
) -> Message:
    """Have the follow-up due at that time, unless somebody else has changed it since the form was opened."""
    me = shown.reader(actor, workspace, now)
    followup = _unchanged(session, state)
    check_owner(followup, actor)
    when = parse_when(str(values["when"]), zone=me.zone, now=now, locale=me.locale)
    followups.reschedule(session, followup, when.at, recurrence=when.recurrence)
    return cards.card(session, followup, me, notice=cards.reminding(followup, me))


@plugin.view("log", title="Log", role=Role.VIEWER)
def log(control: b.Control, actor: Member, session: Session) -> Modal:
    """Say what came of a follow-up, which is then done."""
    followup = mine_or_ours(session, control.record, actor)
    if late := overtaken(session, followup, control):
        return Modal(_("Log"), [b.section(late), b.section(b.markup("*{text}*", text=followup.text[:200]))])
    if followup.about is None:
        raise Invalid("This follow-up is about no record, so there is nothing to log it on.")
    check_logs(session, followup, actor)
    options = [b.Option(_(name), key) for key, name in KINDS.items()]
    return Modal(
        _("Log"),
        [
            b.section(b.markup("*{text}*", text=followup.text[:200])),
            b.choice_input("kind", _("What was it"), options, initial="call"),
            b.text_input("text", _("What came of it"), multiline=True, max_length=min(NOTE_LIMIT, 3_000)),
        ],
        submit=_("Log and finish"),
        state=_seen(followup),
    )


@log.submit
def logged(
    values: Mapping[str, Any],
    state: Mapping[str, str],
    actor: Member,
    workspace: Workspace,
    now: datetime,
    session: Session,
) -> Message:
    """Write it down on the record and finish the follow-up, unless somebody else has changed that meanwhile."""
    followup = _unchanged(session, state)
    about = subject_of(session, followup)
    if about is None:
        raise Invalid("The record this was about is gone.")
    check_logs(session, followup, actor)
    notes.add(session, about, str(values["text"]), kind=str(values["kind"]))
    return finish(session, followup, shown.reader(actor, workspace, now))


def _seen(followup: Followup) -> dict[str, str]:
    return {"followup": followup.reference, "version": str(followup.version)}


def _unchanged(session: Session, state: Mapping[str, str]) -> Followup:
    return records.at_version(session, followups.resolve(session, state["followup"]), int(state["version"]))


plugin.button_opens("reschedule", reschedule)
plugin.button_opens("log", log)
