"""Draw a move of records: how far it is, and how to take it back."""

from __future__ import annotations

from slack_sdk.models.blocks import Block
from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.handlers.moves.declaration import plugin
from bot.handlers.moves.wording import records
from bot.kit import blocks as b
from bot.kit.replies import Message
from bot.plugin import Catalogue, Notice, _
from storage.errors import NotFound
from storage.queues.outbox import Delivery
from storage.records import moves
from storage.records.moves import MoveState, RecordsMove

BAR = 20


@plugin.renderer("card", kind=Notice.OTHER)
def card(delivery: Delivery, session: Session, catalogue: Catalogue) -> Message | None:
    """Draw a move as it is now."""
    try:
        return draw(moves.get(session, int(delivery.record or 0)), catalogue)
    except NotFound:
        return None


def draw(move: RecordsMove, catalogue: Catalogue) -> Message:
    """Draw a move with what can be done about it."""
    title = b.markup("*{gone}* → *{kept}*: {state}", gone=move.from_name, kept=move.to_name, state=_state(move))
    blocks: list[Block] = [b.section(title)]
    if move.error:
        blocks.append(b.section(b.markup("⚠️ {why}", why=move.error)))
    if move.state in (MoveState.RUNNING, MoveState.UNDOING, MoveState.FAILED):
        undoing = move.state == MoveState.UNDOING
        done, total = (move.undone + move.kept, move.moved) if undoing else (move.moved, move.total)
        filled = BAR if total == 0 else min(BAR, BAR * done // total)
        of = records(catalogue, move.noun, total)
        said = _("{bar} {done} of {records}").format(
            bar="█" * filled + "░" * (BAR - filled), done=f"{min(done, total):,}", records=of
        )
        blocks.append(b.section(said))
    if move.state == MoveState.DONE:
        blocks.append(b.context(records(catalogue, move.noun, move.moved)))
    if move.kept:
        said = _("{records} stay as they are, because somebody has changed them since.")
        blocks.append(b.context(said.format(records=records(catalogue, move.noun, move.kept))))
    controls = _controls(move)
    return Message(title, [*blocks, *([b.actions(*controls)] if controls else [])])


def _state(move: RecordsMove) -> str:
    match MoveState(move.state):
        case MoveState.RUNNING:
            return _("moving…")
        case MoveState.DONE:
            return _("moved")
        case MoveState.UNDOING:
            return _("it is being taken back…")
        case MoveState.UNDONE:
            return _("taken back")
        case MoveState.FAILED:
            return _("stopped")


def _controls(move: RecordsMove) -> list[InteractiveElement]:
    of = b.Control(detail=str(move.id))
    undo = b.button(_("Undo"), plugin.id("undo"), of, style="danger", confirm=_("Take all of this back?"))
    match MoveState(move.state):
        case MoveState.DONE:
            return [undo]
        case MoveState.FAILED:
            return [b.button(_("Go on"), plugin.id("again"), of, style="primary"), undo]
    return []
