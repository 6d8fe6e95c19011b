"""Take a setting out of use and move all records that have it to another, however many there are."""

from storage.records.moves.model import MoveState, RecordsMove
from storage.records.moves.running import (
    BATCH,
    CHANNEL,
    Movable,
    Moving,
    ask,
    begin,
    claim,
    fail,
    get,
    look,
    movable,
    of_change,
    run_batch,
    undo_batch,
)

__all__ = [
    "BATCH",
    "CHANNEL",
    "Movable",
    "MoveState",
    "Moving",
    "RecordsMove",
    "ask",
    "begin",
    "claim",
    "fail",
    "get",
    "look",
    "movable",
    "of_change",
    "run_batch",
    "undo_batch",
]
