"""Show what happened to a record, and take back one's own last change."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot import blocks as b
from bot.grammar import Args
from bot.plugin import Member, Plugin, Role, _
from bot.replies import Message
from bot.shown import ago, locale_of
from storage import history
from storage.errors import Invalid, NotFound
from storage.history import Activity, Undone
from storage.references import Noun, parse_reference, reference
from storage.workspaces import Workspace

plugin = Plugin("history", title="History", description="Who changed what, and undo.")

SHOWN = 20
INTERNAL = frozenset({"name_key", "find_key", "email_key", "created_by", "workspace_id", "merged_into_id"})
VALUE_LIMIT = 80


@plugin.command("undo", role=Role.VIEWER)
def undo(actor: Member, now: datetime, session: Session) -> Message:
    """Take back your last change of the past 24 hours, if nobody has changed the same thing since."""
    result = history.undo(session, actor.id, now)
    lines = [
        b.markup("• {what} *{ref}* {name}", what=_undone(row.action), ref=_reference(row), name=row.name)
        for row in result.rows[:SHOWN]
    ]
    text = b.join([b.markup(_("Taken back: {what}"), what=result.change_set.source), *lines])
    note = _("Messages that were already posted because of it stay where they are.")
    return Message(_("Taken back."), [b.section(text), b.context(note)])


def _reference(row: Undone) -> str:
    return reference(row.noun, row.record_id) if row.record_id and row.noun in set(Noun) else ""


def _undone(action: str) -> str:
    return {"created": _("removed"), "deleted": _("brought back")}.get(action, _("set back"))


@plugin.command("history", usage="<record>", role=Role.VIEWER, example="D-88")
def show(args: Args, actor: Member, workspace: Workspace, now: datetime, session: Session) -> Message:
    """Show who changed a record, when, and from what to what."""
    parsed = parse_reference(args.text)
    if parsed is None:
        raise Invalid("“{word}” is no reference.", word=args.text, hint="Write one like D-88, C-17 or T-1042.")
    rows = history.timeline(session, *parsed, limit=SHOWN)
    if not rows:
        raise NotFound("Nothing is known of {ref}.", ref=args.text.upper())
    locale = locale_of(actor, workspace)
    lines = [_line(row, now, locale) for row in rows]
    title = b.markup(_("History of {ref}"), ref=args.text.upper())
    return Message(title, [b.header(str(title)), b.section(b.join(lines))])


def _line(row: Activity, now: datetime, locale: str) -> b.Markup:
    who = b.person(row.change_set.actor_id) if row.change_set.actor_id else b.Markup("Rapport")
    return b.markup(
        "*{who}* {what} _{when}_ {changes}",
        who=who,
        what=_(row.action),
        when=ago(row.at, now, locale),
        changes=_changes(row.before or {}, row.after or {}) if row.action == "updated" else b.esc(""),
    )


def _changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> b.Markup:
    parts = [
        b.markup(
            "\n    {field}: {old} → {new}",
            field=field.removesuffix("_id").replace("_", " "),
            old=_value(before.get(field)),
            new=_value(value),
        )
        for field, value in after.items()
        if field not in INTERNAL
    ]
    return b.join(parts, "")


def _value(value: Any) -> str:
    shown = "–" if value is None or value == "" else str(value)
    return shown if len(shown) <= VALUE_LIMIT else shown[: VALUE_LIMIT - 1] + "…"
