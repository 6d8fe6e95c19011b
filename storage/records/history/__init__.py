"""Keep who changed what and when: timeline, audit and undo read from it.

A change set is one request's changes, an activity what happened to one row. Models that mix in `Recorded` are recorded
while they are flushed, inside `recording`.
"""

from storage.database.recorded import Recorded
from storage.records.history.models import AGENT, Activity, ChangeAnswer, ChangeSet
from storage.records.history.parts import UndonePart, undo_part
from storage.records.history.reading import actor_name, changed_only_by, is_last_actor, last_actor, recent, timeline
from storage.records.history.recording import (
    CHANGES,
    CREATED,
    DELETED,
    IMPORT,
    UPDATED,
    Recorder,
    apart,
    current_actor,
    current_change,
    current_source,
    find_answer,
    find_request,
    is_repeat,
    record,
    record_of_all,
    recording,
    save_answer,
)
from storage.records.history.undo import (
    MOVE,
    Undone,
    UndoResult,
    newest,
    take_back,
    undo,
    undoable,
)

__all__ = [
    "AGENT",
    "CHANGES",
    "CREATED",
    "DELETED",
    "IMPORT",
    "MOVE",
    "UPDATED",
    "Activity",
    "ChangeAnswer",
    "ChangeSet",
    "Recorded",
    "Recorder",
    "UndoResult",
    "Undone",
    "UndonePart",
    "actor_name",
    "apart",
    "changed_only_by",
    "current_actor",
    "current_change",
    "current_source",
    "find_answer",
    "find_request",
    "is_last_actor",
    "is_repeat",
    "last_actor",
    "newest",
    "recent",
    "record",
    "record_of_all",
    "recording",
    "save_answer",
    "take_back",
    "timeline",
    "undo",
    "undo_part",
    "undoable",
]
