"""Know what programs call the kinds and states of activities, and read the text that they keep as a web page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from html import unescape

from storage.crm.notes import NoteKind
from storage.names import name_key
from storage.transfer.activities.declaration import ACTIVITY, TASK

CALLED: Mapping[str, str] = {NoteKind.CALL: "Call", NoteKind.MEETING: "Meeting", NoteKind.EMAIL: "E-mail"}
_KINDS: Mapping[str, NoteKind | None] = {
    **dict.fromkeys(("note", "notes", "notiz", "comment"), NoteKind.NOTE),
    **dict.fromkeys(("call", "phone call", "phone", "anruf", "telefonat", "appel", "llamada", "电话"), NoteKind.CALL),
    **dict.fromkeys(("meeting", "event", "appointment", "termin", "besprechung", "réunion", "会议"), NoteKind.MEETING),
    **dict.fromkeys(("email", "e-mail", "mail", "incoming email", "outgoing email", "邮件"), NoteKind.EMAIL),
    **dict.fromkeys(("task", "to-do", "todo", "to do", "deadline", "reminder", "aufgabe", "tâche", "任务"), None),
}
_DONE = frozenset(
    (
        *("done", "completed", "complete", "closed", "finished", "held", "yes", "true", "1", "x", "✓"),
        *("erledigt", "abgeschlossen", "ja", "terminé", "oui", "已完成"),
    )
)
_OVER = frozenset(("cancelled", "canceled", "no show", "no-show", "deleted", "abgesagt", "annulé"))
_OPEN = frozenset(
    (
        *("open", "not started", "in progress", "waiting", "waiting on someone else", "waiting for input", "deferred"),
        *("planned", "scheduled", "overdue", "to do", "todo", "pending", "no", "false", "0", "offen", "geplant"),
        "未完成",
    )
)
_MARKUP = re.compile(r"<(?:br|/p|/div|/li|/ul|/span)\b[^<>]*>", re.IGNORECASE)
_BREAK = re.compile(r"<(?:br|/p|/div|/li|/tr|/h\d)\b[^<>]*>\s*", re.IGNORECASE)
_TAG = re.compile(r"</?[a-z][^<>]*>", re.IGNORECASE)


def kind_of(typed: str, noun: str) -> tuple[NoteKind | None, bool]:
    """Return what a row is, None for what is to be done, and whether its type is one that is known.

    A row without a type is what its table has, as `noun` says; of a type that nobody knows it is a note.
    """
    key = name_key(typed)
    if key in _KINDS:
        return _KINDS[key], True
    if noun == ACTIVITY:
        return NoteKind.NOTE, not typed
    return None if noun == TASK else NoteKind(noun), not typed


def is_done(status: str) -> bool:
    """Tell whether a status says that something was done."""
    return name_key(status) in _DONE


def is_over(status: str) -> bool:
    """Tell whether a status says that something will not be done."""
    return name_key(status) in _OVER


def is_open(status: str) -> bool:
    """Tell whether a status says that something is still to be done."""
    return name_key(status) in _OPEN


def without_markup(text: str) -> str:
    """Return a text that was kept as a piece of a web page as people read it, and any other as it is."""
    if _MARKUP.search(text) is None:
        return text
    return unescape(_TAG.sub("", _BREAK.sub("\n", text))).replace("\xa0", " ").strip()
