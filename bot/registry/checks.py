"""Check what one plugin declares before anything is run, so that what cannot work stops the start and is named."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import Table

from bot.grammar import Usage
from bot.grammar.calendar.recurrence import next_time
from bot.grammar.types import FLAG
from bot.kit import fields
from bot.plugin import (
    CONTRACT,
    INJECTED,
    Action,
    Command,
    Declaration,
    DeclaredNoun,
    Derived,
    Handler,
    Plugin,
    Role,
    Shortcut,
    SlackEvent,
    Source,
    View,
)
from storage.database.engine import Base
from storage.records.schema import TYPES

EVERYWHERE = "[share:yes]"
"""The keys that every command takes."""
WORDS_LIMIT = 3
"""As many words of what is typed are compared with those of commands."""
SHORTCUT_LIMIT = 24
ID_LIMIT = 255
ASKING = "slack"
"""What functions named by `before=` may ask for besides what every handler may."""

FOR_DIGESTS = {"session", "workspace", "now", "receiver", "reader", "period"}
"""What sections of digests may ask for."""
FOR_CARDS = {"session", "record", "reader", "actor", "workspace", "now", "catalogue"}
FOR_PROGRAMS = {"session", "actor", "workspace", "now", "query_string", "body"}
FOR_FIGURES = {"session", "actor", "workspace", "now", "period", "value"}
FOR_HOOKS = {"session", "workspace", "now", "headers", "raw", "body", "model"}
TO_KNOW_THE_SENDER = frozenset({"session", "headers", "raw"})
FOR_MERGES = {"session", "gone", "kept"}
FOR_DOCTOR = {"session", "workspace", "now"}
FOR_DEMO = FOR_DOCTOR
METHODS = frozenset({"GET", "POST", "PUT", "PATCH", "DELETE"})
SLASH_WORD = re.compile(r"[a-z0-9][a-z0-9_-]{0,30}")


_AGE = {
    False: "see what to change in docs/plugin-guide.md (From version 1 to 2), then state `contract=2`.",
    True: "it needs a newer Rapport.",
}


class PluginError(Exception):
    """A plugin cannot be used; the message names the plugin, the declaration and the reason."""


def handlers(plugin: Plugin) -> Iterator[Handler]:
    """Yield every function that a plugin declares and that makes up its help, each once."""
    declared: list[Any] = [
        *plugin.commands,
        *plugin.actions,
        *plugin.sources,
        *plugin.events,
        *plugin.jobs,
        *plugin.sections,
        *plugin.digest_sections,
        *plugin.listeners,
        *plugin.renderers,
        *plugin.derived,
        *plugin.card_sections,
        *plugin.routes,
        *plugin.figures,
        *plugin.hooks,
        *plugin.mergings,
        *plugin.checks,
    ]
    yield from (d.handler for d in declared if d.handler)
    yield from (v.fill for v in plugin.views)
    yield from (v.submitted for v in plugin.views if v.submitted)


def check(plugin: Plugin, tables: Iterable[Table] | None = None) -> None:
    """Raise PluginError for the first declaration that cannot be right on its own, and close the list of its ids."""
    if plugin.contract != CONTRACT:
        raise PluginError(
            f"plugin {plugin.name!r} was written for version {plugin.contract} of the contract, and this Rapport has"
            f" version {CONTRACT}: {_AGE[plugin.contract > CONTRACT]}"
        )
    for handler in handlers(plugin):
        _check_arguments(plugin, handler, set(INJECTED))
        if not inspect.getdoc(handler):
            raise _wrong(plugin, handler, "has no docstring, and help is made from it")
    given = {
        **dict.fromkeys((one.handler for one in plugin.digest_sections), FOR_DIGESTS),
        **dict.fromkeys((one.handler for one in plugin.card_sections), FOR_CARDS),
        **dict.fromkeys((one.handler for one in plugin.routes), FOR_PROGRAMS),
        **dict.fromkeys((one.handler for one in plugin.figures), FOR_FIGURES),
        **dict.fromkeys((one.handler for one in plugin.hooks), FOR_HOOKS),
        **dict.fromkeys((one.signed for one in plugin.hooks), TO_KNOW_THE_SENDER),
        **dict.fromkeys((one.ping for one in plugin.hooks), TO_KNOW_THE_SENDER - {"session"}),
        **dict.fromkeys((one.handler for one in plugin.mergings), FOR_MERGES),
        **dict.fromkeys((one.handler for one in plugin.checks), FOR_DOCTOR),
        **dict.fromkeys(plugin.samples, FOR_DEMO),
    }
    for handler, names in given.items():
        _check_arguments(plugin, handler, names)
    asking: list[Command | Action | View | SlackEvent] = [*plugin.commands, *plugin.actions, *plugin.views]
    asking += plugin.events
    for declared in asking:
        if declared.before:
            _check_arguments(plugin, declared.before, {*INJECTED, ASKING} - {"session", "found"})
    for command in plugin.commands:
        words = command.words.split()
        if command.words != " ".join(words).casefold() or not 0 < len(words) <= WORDS_LIMIT:
            raise _wrong(plugin, command.words, f"a command is one to {WORDS_LIMIT} words in lower case")
    for shortcut in plugin.shortcuts:
        if len(shortcut.title) > SHORTCUT_LIMIT:
            raise _wrong(plugin, shortcut.id, f"a shortcut's title has at most {SHORTCUT_LIMIT} characters")
    known_to_slack: list[Action | View | Source | Shortcut] = [
        *plugin.actions,
        *plugin.views,
        *plugin.sources,
        *plugin.shortcuts,
    ]
    for named in known_to_slack:
        if len(named.id) > ID_LIMIT:
            raise _wrong(plugin, named.id, f"Slack allows {ID_LIMIT} characters")
    for slash in plugin.slashes:
        if not SLASH_WORD.fullmatch(slash.word) or slash.word == "crm":
            raise _wrong(plugin, f"/{slash.word}", "a slash command is one word of up to 31 letters, and not /crm")
    for route in plugin.routes:
        if route.method not in METHODS:
            raise _wrong(plugin, route.address, f"{route.method} is none of {', '.join(sorted(METHODS))}")
    for job in plugin.jobs:
        try:
            if job.every:
                next_time(f"{job.every};{job.at}", "UTC", datetime.now(UTC))
        except ValueError as exc:
            raise _wrong(plugin, job.id, f"its recurrence cannot be read: {exc}") from exc

    _close(plugin)
    _check_keys(plugin, Base.metadata.tables.values() if tables is None else tables)


def check_together(plugin: Plugin, nouns: Mapping[str, DeclaredNoun], commands: Mapping[str, Command]) -> None:
    """Raise PluginError for the first declaration that cannot be right beside those of all the others."""
    firsts = {words.split()[0] for words in commands}
    for slash in plugin.slashes:
        if slash.word not in firsts:
            raise _wrong(plugin, f"/{slash.word}", "no command begins with this word")
    for section in plugin.card_sections:
        if section.noun not in nouns:
            raise _wrong(plugin, section.id, f"there is no noun {section.noun!r}")
    for route in plugin.routes:
        if route.noun not in nouns:
            raise _wrong(plugin, route.address, f"there is no noun {route.noun!r}")
    for figure in plugin.figures:
        if figure.noun not in nouns:
            raise _wrong(plugin, figure.id, f"there is no noun {figure.noun!r}")
    for one in plugin.given_fields:
        if one.noun not in nouns:
            raise _wrong(plugin, one.key, f"there is no noun {one.noun!r} to give a field to")
        if one.type not in TYPES:
            raise _wrong(plugin, one.key, f"{one.type} is none of the types {', '.join(TYPES)}")


def _close(plugin: Plugin) -> None:
    """Let the plugin ask for no other ids than those that are declared by now; raise PluginError if it has."""
    declared: list[Any] = [*plugin.actions, *plugin.views, *plugin.sources, *plugin.shortcuts, *plugin.renderers]
    declared += [*plugin.jobs, *plugin.sections, *plugin.digest_sections, *plugin.card_sections]
    known = frozenset(one.id for one in declared) | {one.was for one in plugin.renamed}
    if unknown := sorted(plugin.asked - known):
        raise _wrong(plugin, unknown[0], "a control or a message is to be of this id, and nothing declares it")
    plugin.known = known


def _check_keys(plugin: Plugin, tables: Iterable[Table]) -> None:
    """Refuse a table of the plugin's that keeps the core's rows from being erased, or leans on another plugin's."""
    for table in tables:
        if plugin.schema is None or table.schema != plugin.schema.schema:
            continue
        for key in table.foreign_key_constraints:
            target = key.elements[0].target_fullname.split(".")
            schema = target[0] if len(target) == 3 else None
            if schema not in {None, table.schema}:
                raise _wrong(plugin, table.fullname, f"refers to a table of the plugin {schema!r}")
            ends = (key.ondelete or "").upper()
            if schema is None and not ends.startswith(("CASCADE", "SET NULL")):
                why = f"refers to {target[0]!r} without ON DELETE CASCADE or SET NULL, so nothing there could be erased"
                raise _wrong(plugin, table.fullname, why)


def _check_arguments(plugin: Plugin, handler: Handler, allowed: AbstractSet[str]) -> None:
    parameters = inspect.signature(handler).parameters.values()
    if odd := [p.name for p in parameters if p.kind not in {p.POSITIONAL_OR_KEYWORD, p.KEYWORD_ONLY}]:
        raise _wrong(plugin, handler, f"gets its arguments by name, so it cannot take {', '.join(odd)}")
    if unknown := [p.name for p in parameters if p.name not in allowed]:
        raise _wrong(plugin, handler, f"asks for {', '.join(unknown)}; it may ask for {', '.join(sorted(allowed))}")


def _wrong(plugin: Plugin, what: Handler | str, why: str) -> PluginError:
    name = what if isinstance(what, str) else what.__name__
    return PluginError(f"plugin {plugin.name!r}: {name}: {why}")


def derived(rule: Derived, noun: Declaration) -> Command:
    """Return the command that a rule makes of a noun."""
    return Command(
        f"{noun.key} {rule.verb}".rstrip(),
        rule.usage(noun),
        rule.opens.role if rule.opens else noun.change if rule.changes else Role.VIEWER,
        None if rule.opens else rule.handler,
        None,
        rule.opens,
        rule.example(noun),
        rule.types(noun),
        noun,
    )


def taking(command: Command, noun: Declaration) -> Command:
    """Return a command with a key for each field that a workspace gave to a noun."""
    own = replace(noun, fields=(noun.fields[0], *(field for field in noun.fields if field.custom_id)))
    usage, types = f"{command.usage} {fields.keys(own)}".strip(), {**command.types, **fields.key_types(own)}
    return replace(command, usage=usage, types=types)


def usage_of(plugin: Plugin, command: Command) -> Usage:
    """Return the usage of a command, with the keys that all have; raise PluginError for one that cannot be read."""
    try:
        return Usage.parse(command.usage, everywhere=EVERYWHERE, types={**command.types, "share": FLAG})
    except ValueError as exc:
        raise PluginError(f"plugin {plugin.name!r}: the usage of {command.words!r} cannot be read: {exc}") from exc
