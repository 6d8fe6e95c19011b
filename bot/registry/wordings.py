"""Read commands as hurried people type them: the record first, its number alone, a list by its filters alone."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.grammar import unescape
from storage.references import parse_number, parse_reference, reference

if TYPE_CHECKING:
    from bot.declared import Command
    from bot.registry.registry import Registry

LISTED = frozenset({"mine", "overdue"})
"""Words that no record is called by and every list knows that has an owner or a day."""


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
