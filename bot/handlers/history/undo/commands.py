"""Take back one's own last change, and say what that did."""

from __future__ import annotations

from datetime import datetime

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.history.declaration import plugin
from bot.handlers.history.things.wording import thing
from bot.handlers.history.values import Change, fields, merged
from bot.kit import blocks as b
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Role, _
from storage.errors import NotFound, Refused
from storage.records import history, moves
from storage.records.history import CHANGES, CREATED, UPDATED, ChangeSet
from storage.records.moves import MoveState
from storage.support.tickets import REPLIED
from storage.workspace import api_keys

SHOWN = 20


POSTED = frozenset({"ticket", "followup", "digest"})
"""What messages are sent about."""


@plugin.command("undo", usage="[api key]", role=Role.VIEWER)
def undo(args: Args, session: Session, actor: Member, reader: Reader, now: datetime, catalogue: Catalogue) -> Message:
    """Take back your last change of the past 24 hours, or an API key's, if nobody has changed the same thing since."""
    whose = api_keys.ever_called(session, args.text).actor_id if args.text else actor.id
    last = history.newest(session, whose, now)
    if last is None:
        raise NotFound("There is nothing of yours from the last 24 hours to undo.")
    return taken_back(session, last, actor, reader, catalogue)


def taken_back(session: Session, target: ChangeSet, actor: Member, reader: Reader, catalogue: Catalogue) -> Message:
    """Take a change back that can be, if the actor has the roles that it took, and say what that did."""
    for role in _roles_of(target, catalogue):
        if not actor.has(role):
            # Whoever could make a change once may not make its opposite now.
            raise Refused(
                "This needs the role {role}.", role=role.value, hint="An admin can give it to you with `/crm role`."
            )
    if (move := moves.of_change(session, target.id)) is not None:
        moves.ask(session, move.id, MoveState.UNDOING)
        text = b.markup(
            _("I am taking *{gone}* → *{kept}* back. The message about it says how far that is."),
            gone=move.from_name,
            kept=move.to_name,
        )
        return Message(text, [b.section(text)])
    result = history.take_back(session, target)
    title = b.markup(_("Taken back, from {ago}:"), ago=reader.ago(result.change_set.at))
    names = {row.row: row.name for row in result.rows}
    found = merged(session, result.change_set.activities)
    done = [change for change in found if change.action in CHANGES]
    lines = [_line(session, change, names.get((change.entity, change.row_key), ""), reader) for change in done]
    if not lines:
        lines = [b.Markup(_("• what you may not see"))]
    if len(lines) > SHOWN:
        lines = [*lines[:SHOWN], b.markup(_("… and {count} more"), count=len(lines) - SHOWN)]
    return Message(b.join([title, *lines[:1]], " "), [*paragraphs([title, *lines]), *_staying(found)])


def _roles_of(last: ChangeSet, catalogue: Catalogue) -> list[Role]:
    """Return the roles that it takes to make a change.

    What every noun has takes the role that the noun asks for, and so does what an older version made in its own way.
    """
    if last.source == history.MOVE:
        return [Role.ADMIN]
    known = {name for _kind, name, _role in catalogue.roles()}
    if "." not in last.source or (last.source in known and not last.source.startswith("records.")):
        return [_role_of(last.source, catalogue)]
    changed = {activity.noun for activity in last.activities} & catalogue.nouns.keys()
    return [Role.VIEWER, *(catalogue.nouns[noun].declaration.change for noun in sorted(changed))]


def _role_of(source: str, catalogue: Catalogue) -> Role:
    """Return the role that it takes to make a change, by the command, button or form it was made with."""
    if source in {"reaction_added", "reaction_removed"}:
        return Role.AGENT
    asked = (role for kind, name, role in catalogue.roles() if kind != "home" and name == source.removeprefix("/"))
    return Role(next(asked, Role.VIEWER))


def _staying(found: list[Change]) -> list[Block]:
    """Say what cannot be taken back: what other people have read."""
    if any(change.action == REPLIED for change in found):
        return [b.section(b.Markup(_("⚠️ *The answer was sent to the customer and cannot be recalled.*")))]
    posted = any(change.noun in POSTED for change in found)
    return [b.context(_("Messages already sent because of it stay."))] if posted else []


def _line(session: Session, change: Change, name: str, reader: Reader) -> b.Markup:
    named = thing(session, change, name)
    if change.action == UPDATED:
        return b.markup("• {named}: {back}", named=named, back=b.join(fields(session, change, reader, back=True), ", "))
    done = _("removed") if change.action == CREATED else _("brought back")
    return b.markup("• {named}: {done}", named=named, done=done)
