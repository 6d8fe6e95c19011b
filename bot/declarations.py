"""Check what one plugin declares before anything is run, so that what cannot work stops the start and is named."""

from __future__ import annotations

import inspect
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from bot.grammar import Usage
from bot.grammar.calendar.recurrence import next_time
from bot.grammar.types import FLAG
from bot.plugin import (
    INJECTED,
    Action,
    Command,
    Declaration,
    Derived,
    Handler,
    Plugin,
    Role,
    Shortcut,
    SlackEvent,
    Source,
    View,
)

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
    ]
    yield from (d.handler for d in declared if d.handler)
    yield from (v.fill for v in plugin.views)
    yield from (v.submitted for v in plugin.views if v.submitted)


def check(plugin: Plugin) -> None:
    """Raise PluginError for the first declaration that cannot be right on its own."""
    for handler in handlers(plugin):
        _check_arguments(plugin, handler, set(INJECTED))
        if not inspect.getdoc(handler):
            raise _wrong(plugin, handler, "has no docstring, and help is made from it")
    for section in plugin.digest_sections:
        _check_arguments(plugin, section.handler, FOR_DIGESTS)
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
    for job in plugin.jobs:
        try:
            next_time(f"{job.every};{job.at}", "UTC", datetime.now(UTC))
        except ValueError as exc:
            raise _wrong(plugin, job.id, f"its recurrence cannot be read: {exc}") from exc


def _check_arguments(plugin: Plugin, handler: Handler, allowed: set[str]) -> None:
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


def usage_of(plugin: Plugin, command: Command) -> Usage:
    """Return the usage of a command, with the keys that all have; raise PluginError for one that cannot be read."""
    try:
        return Usage.parse(command.usage, everywhere=EVERYWHERE, types={**command.types, "share": FLAG})
    except ValueError as exc:
        raise PluginError(f"plugin {plugin.name!r}: the usage of {command.words!r} cannot be read: {exc}") from exc
