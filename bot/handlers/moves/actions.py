"""Begin a move that was looked at, go on with one, take one back."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.handlers.moves.declaration import plugin
from bot.handlers.moves.wording import setting
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Member, Role, _
from storage.records import moves
from storage.records.moves import MoveState


@plugin.action("start", role=Role.ADMIN)
def start(control: b.Control, session: Session, actor: Member) -> Message:
    """Take a setting out of use and move its records, as it was previewed."""
    what, rest = setting(control.detail)
    key, into = setting(rest)
    return begun(session, actor, what, key, into)


@plugin.action("undo", role=Role.ADMIN)
def undo(control: b.Control, session: Session) -> None:
    """Take all of a move back."""
    moves.ask(session, control.number, MoveState.UNDOING)


@plugin.action("again", role=Role.ADMIN)
def again(control: b.Control, session: Session) -> None:
    """Go on with a move that was given up."""
    moves.ask(session, control.number, MoveState.RUNNING)


def begun(session: Session, actor: Member, what: str, key: str, into: str) -> Message:
    """Begin a move and say where it can be followed."""
    move = moves.begin(session, what, gone=key, kept=into, actor_id=actor.id, renderer=plugin.id("card"))
    text = b.markup(
        _("*{gone}* becomes *{kept}*. A message to you says how far it is, and takes it back."),
        gone=move.from_name,
        kept=move.to_name,
    )
    return Message(text, [b.section(text)], replace=True)
