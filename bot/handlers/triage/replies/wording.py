"""Read the file that goes with an answer, keep it in the form's state, and put it in words."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

from bot.kit import blocks as b
from bot.kit import format
from bot.plugin import _

LARGEST = 10_000_000
"""So many bytes a file may have that goes with an answer: it is uploaded while other messages wait."""
NAME_LIMIT = 80
ADDRESS_LIMIT = 1_000
"""A longer address would not fit into the form's state."""


@dataclass(frozen=True, slots=True)
class AttachedFile:
    """Hold what is kept of a file that goes with an answer; `size` is in bytes, `address` where Slack keeps it."""

    name: str
    size: int
    address: str

    @property
    def kept(self) -> str:
        """Return it as a form's state keeps it."""
        return json.dumps(asdict(self))


def kept(state: Mapping[str, str]) -> AttachedFile | None:
    """Return the file that a form's state keeps, None if none."""
    return AttachedFile(**json.loads(state["file"])) if state.get("file") else None


def chosen(values: Mapping[str, Any], state: Mapping[str, str]) -> AttachedFile | None:
    """Return the file that was chosen in a form, else the one that its state keeps, None if none."""
    given = values.get("file") or ()
    first = given[0] if isinstance(given, list) else None
    if not isinstance(first, Mapping):
        return kept(state)
    address = str(first.get("url_private_download") or first.get("url_private") or "")
    size = first.get("size")
    return AttachedFile(_short(str(first.get("name") or "file")), size if isinstance(size, int) else 0, address)


def obstacle(file: AttachedFile, locale: str) -> b.Markup | None:
    """Say why a file cannot go with an answer, None if it can."""
    if file.size > LARGEST:
        why = _("⚠️ {name} does not go with it: it has {size}, and up to {limit} can be sent. The text goes without it.")
        limit = format.size(LARGEST, locale)
        return b.markup(why, name=file.name, size=format.size(file.size, locale), limit=limit)
    if file.size < 1:
        return b.markup(_("⚠️ {name} does not go with it: it is empty. The text goes without it."), name=file.name)
    if not file.address or len(file.address) > ADDRESS_LIMIT:
        why = _("⚠️ {name} does not go with it: Slack does not say where it is. The text goes without it.")
        return b.markup(why, name=file.name)
    return None


def named(file: AttachedFile, locale: str) -> b.Markup:
    """Say which file goes with an answer."""
    return b.markup(_("📎 {name} ({size}) follows it."), name=file.name, size=format.size(file.size, locale))


def limits(locale: str) -> str:
    """Say which files a form takes."""
    limit = format.size(LARGEST, locale)
    return _("One file of up to {limit}. It follows your text in the customer's thread.").format(limit=limit)


def _short(name: str) -> str:
    """Return a name that fits, with its ending, as that says what it opens with."""
    if len(name) <= NAME_LIMIT:
        return name
    stem, dot, ending = name.rpartition(".")
    tail = dot + ending if dot and len(ending) < 10 else ""
    return b.shortened(stem or name, NAME_LIMIT - len(tail)) + tail
