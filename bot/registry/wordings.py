"""Read commands as hurried people type them: the record first, its number alone, a list by its filters alone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.grammar import unescape
from storage.references import parse_number, parse_reference, reference

if TYPE_CHECKING:
    from bot.declared import Command
    from bot.registry.registry import Registry

LISTED = frozenset({"mine", "overdue"})
"""Words that no record is called by and every list knows that has an owner or a day."""


_LISTED = frozenset({"all", "list", "show", "my"})
_ALSO = {
    "snooze": "move",
    "postpone": "move",
    "reschedule": "move",
    "stage": "move",
    "reopen": "move",
    "update": "edit",
    "change": "edit",
    "comment": "note",
}
"""What other programs call a command that is about one record, which stands behind it."""
_RENAMED = re.compile(r"\s+(?:to|into|as|zu|in|→|->)\s+", re.IGNORECASE)


def meant(registry: Registry, slash: str, text: str) -> tuple[Command, str] | None:
    """Read what is no command as the one it can only stand for; return None where it may be anything else.

    `/crm deals` is `/deal list`, `/crm add customer Acme` is `/customer add Acme`, `/crm roles` is `/crm role`,
    `/followup snooze F-1` is `/followup move F-1`, and `/crm stage rename Legal to Law` is an edit of the name.
    """
    first, _space, rest = text.strip().partition(" ")
    first, rest = first.casefold(), rest.strip()
    if slash == "crm":
        return _of_noun(registry, first, rest) or _of_number(registry, first, rest)
    also = registry.commands.get(f"{slash} {_ALSO.get(first, '')}")
    if also and parse_reference(unescape(rest.split(maxsplit=1)[0]) if rest else "", registry.references):
        return also, rest
    edit = registry.commands.get(f"{slash} edit")
    named = _RENAMED.split(rest) if first == "rename" and edit and edit.noun and '"' not in rest else []
    if len(named) != 2 or edit is None or edit.noun is None:
        return None
    return edit, f'{named[0]} {edit.noun.fields[0].key}:"{named[1]}"'


def _of_noun(registry: Registry, first: str, rest: str) -> tuple[Command, str] | None:
    """Read `deals won`, `list deals`, `my deals` and `add customer Acme`, in which a noun is not the first word."""
    if (key := _noun(registry, first, plural=True)) and (command := registry.commands.get(f"{key} list")):
        return command, rest
    second, _space, behind = rest.partition(" ")
    key = _noun(registry, second.casefold())
    if key is None:
        return meant(registry, first, rest) if first in registry.nouns or f"{first} list" in registry.commands else None
    many = second.casefold() != key
    verb = "list" if many and first in _LISTED else first
    filters = f"mine {behind.strip()}".strip() if verb == "list" and first == "my" else behind.strip()
    command = registry.commands.get(f"{key} {verb}")
    return (command, filters) if command else None


def _of_number(registry: Registry, first: str, rest: str) -> tuple[Command, str] | None:
    """Read `roles` as `role`, and `field` alone as `fields`."""
    single = first.removesuffix("s")
    if single in registry.commands and single != first:
        return registry.commands[single], rest
    several = (f"{first}s", f"{first}es", f"{first.removesuffix('y')}ies")
    found = next((registry.commands[one] for one in several if one in registry.commands), None)
    return (found, "") if found and not rest else None


def _noun(registry: Registry, word: str, *, plural: bool = False) -> str | None:
    """Return the key of the noun that a word is, by its key or its plural."""
    names = {"followups": "followup", "follow-ups": "followup"} if "followup list" in registry.commands else {}
    names |= {one.declaration.plural.casefold(): key for key, one in registry.nouns.items()}
    key = names.get(word)
    return key if key or plural or word not in {*registry.nouns, "followup"} else word


def turned(registry: Registry, slash: str, text: str) -> tuple[Command, str] | None:
    """Read `/deal D-1 won` as `/deal won D-1`, `/deal D-1 amount:5k` as an edit; return None for anything else."""
    record = _record_first(registry, slash, text)
    if record is None:
        return None
    noun, first, rest = record
    word = rest.split(maxsplit=1)[0]
    edit = registry.usages.get(f"{noun} edit")
    key, colon, _value = word.casefold().partition(":")
    keyed = bool(edit and colon and key in edit.keys)
    words = f"{noun} edit" if keyed else f"{noun} {word.casefold()}"
    command, usage = registry.commands.get(words), registry.usages.get(words)
    if command is None or usage is None or not usage.positionals or usage.positionals[0].name != noun:
        return None
    behind = rest if keyed else rest[len(word) :].strip()
    return command, f"{first} {behind}".rstrip()


def valued(registry: Registry, slash: str, text: str) -> tuple[str, str, str] | None:
    """Return noun, reference and the words behind it, of `/ticket T-84 high`; None for anything else."""
    record = _record_first(registry, slash, text)
    return record if record and record[0] in registry.nouns else None


def _record_first(registry: Registry, slash: str, text: str) -> tuple[str, str, str] | None:
    first, _space, rest = text.strip().partition(" ")
    named = parse_reference(unescape(first), registry.references)
    numbered = named is None and slash in registry.references
    if numbered and (number := parse_number(unescape(first), slash, registry.references)):
        named, first = (slash, number), reference(slash, number, registry.references)
    if named is None or slash not in {"crm", named[0]} or not rest.strip():
        return None
    return str(named[0]), first, rest.strip()


def listed(registry: Registry, noun: str, text: str) -> tuple[str, str] | None:
    """Read `/ticket mine` as `/ticket list mine`; return None where a word is none that lists know."""
    key = noun.removeprefix(registry.prefix)
    own = registry.nouns[key].declaration.filters.words if key in registry.nouns else {}
    asked = text.casefold().split()
    if not asked or f"{key} list" not in registry.commands or not all(word in own or word in LISTED for word in asked):
        return None
    return f"{key} list", text
