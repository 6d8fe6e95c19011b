"""List who changed settings, roles, fields, kinds of records and keys, and who took records out."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args, FilterValues
from bot.handlers.history.declaration import plugin
from bot.handlers.history.things.wording import thing
from bot.handlers.history.values import Change, fields, merged
from bot.kit import blocks as b
from bot.kit import format, records
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.errors import CrmError, Invalid
from storage.names import short
from storage.records.history import CREATED, DELETED, actor_name, audit
from storage.transfer.exports import asked
from storage.workspace import api_keys, members
from storage.workspace.workspaces import Workspace

LINES = 15
MOST = 5_000
"""So many changes a file has."""


@plugin.command(
    "audit",
    usage=f"[by:@mara] [what:roles] [since:monday] {records.AS_FILE}",
    role=Role.ADMIN,
    example="what:roles since:2026-01-01",
    **records.AS_FILE_KEYS,
)
def listed(args: Args, session: Session, actor: Member, reader: Reader, workspace: Workspace) -> Message:
    """List who changed settings, roles, fields, keys and more, and who took records out, and when."""
    what = (args.get("what") or "").casefold().strip()
    if what and what not in audit.words():
        raise Invalid(
            "There is nothing called {what} to list.",
            field="what",
            hint="There are {words}.",
            what=short(what),
            words=", ".join(audit.words()),
        )
    by = _who(session, args) if "by" in args else ""
    since = ""
    if "since" in args:
        values = FilterValues(actor.id, workspace.currency, reader.zone.key, reader.now, reader.locale)
        first, _last = values.days(args["since"], past=True)
        since = datetime.combine(first, time(), reader.zone).isoformat()
    if form := args.typed("as", records.FORM):
        return _file(session, reader, what, by, since, form)
    return _page(session, reader, what, by, since, 0)


def _who(session: Session, args: Args) -> str:
    """Return the id of the person or key that was named."""
    typed = args["by"]
    if typed.startswith(("<@", "@")):
        return args.user("by") or ""
    try:
        return members.called(session, typed).id
    except CrmError as nobody:
        try:
            return api_keys.ever_called(session, typed).actor_id
        except CrmError:
            raise nobody.on_field("by") from None


@plugin.action("audit", role=Role.ADMIN)
def more(control: b.Control, session: Session, reader: Reader) -> Message:
    """Show what was changed before that."""
    what, by, since, before = (*control.detail.split("|"), "", "", "", "")[:4]
    if not before.isdecimal() or len(before) > 18:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    shown = _page(session, reader, what, by, since, int(before))
    return Message(shown.text, shown.blocks, replace=True)


def _page(session: Session, reader: Reader, what: str, by: str, since: str, before: int) -> Message:
    found = list(_found(session, what, by, since, before, LINES + 1))
    title = b.markup("*{title}*", title=_("Changes of the set-up, the newest first"))
    if not found:
        return Message(title, [b.section(title), b.context(_("None.") if before or what or by or since else _NONE)])
    shown = found[:LINES]
    lines = [_line(session, change, reader) for change in merged(session, shown)[::-1]]
    blocks: list[Block] = [*paragraphs([title, *lines])]
    if len(found) > LINES:
        detail = "|".join((what, by, since, str(shown[-1].id)))
        blocks.append(b.actions(b.button(_("Earlier"), plugin.id("audit"), b.Control(detail=detail))))
    blocks.append(b.context(b.markup(_("Narrow it: `by:@mara`, `what:{words}`, `since:monday`."), words=", ".join(
        audit.words()))))  # fmt: skip
    return Message(title, blocks)


_NONE = "Nobody has changed anything yet."


def _found(session: Session, what: str, by: str, since: str, before: int, limit: int) -> Sequence[Any]:
    try:
        begins = datetime.fromisoformat(since) if since else None
    except ValueError:
        raise Invalid("This button no longer works.", hint="Please repeat the command.") from None
    return audit.listed(session, what=what or None, by=by or None, since=begins, before=before or None, limit=limit)


def _line(session: Session, change: Change, reader: Reader) -> b.Markup:
    details = [b.markup("      {detail}", detail=detail) for detail in fields(session, change, reader)]
    return b.markup(
        "*{who}* {did}  _{when}_{details}",
        who=format.who(session, change.change_set.actor_id),
        did=_did(session, change),
        when=reader.ago(change.at),
        details=b.join(["", *details]),
    )


def _did(session: Session, change: Change) -> b.Markup:
    if change.action == audit.EXPORTED:
        said = _("took out {rows} of {noun} as {form} {filters}")
        told = change.after
        return b.markup(
            said, rows=told.get("rows"), noun=change.noun, form=told.get("form"), filters=told.get("filters") or ""
        )
    done = {CREATED: _("added {what}"), DELETED: _("removed {what}")}.get(change.action, _("changed {what}"))
    if change.change_set.undoes_id is not None:
        done = _("took back a change: {what}")
    return b.markup(done, what=thing(session, change))


def _file(session: Session, reader: Reader, what: str, by: str, since: str, form: str) -> Message:
    changes = merged(session, _found(session, what, by, since, 0, MOST))[::-1]
    rows = [
        [
            change.at.isoformat(" "),
            actor_name(session, change.change_set.actor_id),
            change.change_set.source,
            b.unescaped(_did(session, change)),
            "; ".join(b.unescaped(line) for line in fields(session, change, reader)),
        ]
        for change in changes
    ]
    header = [_("At"), _("Who"), _("From where"), _("What"), _("Values")]
    count = asked.table(session, "audit", header, rows, form=form, words=" ".join(filter(None, (what, by, since))))
    return records.on_its_way(_("changes"), count)
