"""Hold what all plugins declare, and find what a request names among it."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Iterator, Mapping, Sequence
from copy import copy
from dataclasses import replace
from typing import Any, TypeVar

from sqlalchemy.orm import Session

from bot import i18n
from bot.grammar import Usage, unescape
from bot.plugin import (
    Action,
    CardSection,
    Command,
    Declaration,
    DeclaredFigure,
    DeclaredHook,
    DeclaredNoun,
    DeclaredRoute,
    DeclaredSetting,
    DigestSection,
    Handler,
    Job,
    Listener,
    Member,
    Plugin,
    Renamed,
    Renderer,
    Role,
    Section,
    Shortcut,
    SlackEvent,
    SlashCommand,
    Source,
    View,
)
from bot.registry import wordings
from bot.registry.checks import PluginError, check, check_together, derived, handlers, taking, usage_of
from storage.database.migrate import CORE, RevisionLine
from storage.errors import NotFound
from storage.records.lifecycle import before_merging
from storage.records.schema import REMEMBERED, Schema, of
from storage.references import DECLARED, Letters, parse_reference

log = logging.getLogger(__name__)
T = TypeVar("T")
ANYBODY = "anybody"
"""Stands in the role matrix for what customers may use too."""


class Registry:
    """Hold every declaration of every plugin, checked; raise PluginError for the first that cannot be right."""

    def __init__(self, plugins: Iterable[Plugin], *, prefix: str = "") -> None:
        self.prefix = prefix
        self.plugins: dict[str, Plugin] = {}
        self.commands: dict[str, Command] = {}
        self.actions: dict[str, Action] = {}
        self.views: dict[str, View] = {}
        self.sources: dict[str, Source] = {}
        self.shortcuts: dict[str, Shortcut] = {}
        self.renderers: dict[str, Renderer] = {}
        self.jobs: dict[str, Job] = {}
        self.digest_sections: dict[str, DigestSection] = {}
        self.figures: dict[str, DeclaredFigure] = {}
        self.usages: dict[str, Usage] = {}
        self.nouns: dict[str, DeclaredNoun] = {}
        self.letters: dict[str, str] = {}
        self.renamed: dict[str, Renamed] = {}
        self.slashes: dict[str, SlashCommand] = {}
        self.routes: dict[str, DeclaredRoute] = {}
        self.hooks: dict[str, DeclaredHook] = {}
        self._card_sections: dict[str, CardSection] = {}
        self._sections: dict[str, Section] = {}
        self._claimed: dict[tuple[str, str], Plugin] = {}
        self._owners: dict[Handler, str] = {}
        self.references: Letters = DECLARED
        self._known: dict[tuple[str, frozenset[Role] | None], tuple[Schema, Registry]] = {}
        for plugin in plugins:
            self._add(plugin)
        self._rules = [(plugin, rule) for plugin in self.plugins.values() for rule in plugin.derived]
        for plugin in self.plugins.values():
            for noun in plugin.nouns:
                self._derive(plugin, noun.declaration)
        for plugin in self.plugins.values():
            check_together(plugin, self.nouns, self.commands)

    def _add(self, plugin: Plugin) -> None:
        if plugin.name in self.plugins:
            raise PluginError(f"two plugins are called {plugin.name!r}")
        self.plugins[plugin.name] = plugin
        check(plugin)
        for handler in handlers(plugin):
            self._owners[handler] = plugin.name
        for command in plugin.commands:
            self._claim(self.commands, command.words, command, plugin, "command")
            self.usages[command.words] = usage_of(plugin, command)
        for action in plugin.actions:
            self._claim(self.actions, action.id, action, plugin, "action")
        for view in plugin.views:
            self._claim(self.views, view.id, view, plugin, "view")
        for source in plugin.sources:
            self._claim(self.sources, source.id, source, plugin, "options")
        for shortcut in plugin.shortcuts:
            self._claim(self.shortcuts, shortcut.id, shortcut, plugin, "shortcut")
        for noun in plugin.nouns:
            self._claim(self.nouns, noun.declaration.key, noun, plugin, "noun")
            self._claim_letter(noun.declaration, plugin)
        for renamed in plugin.renamed:
            self._claim(self.renamed, renamed.was, renamed, plugin, "old id")
        for renderer in plugin.renderers:
            self._claim(self.renderers, renderer.id, renderer, plugin, "renderer")
        for job in plugin.jobs:
            self._claim(self.jobs, job.id, job, plugin, "job")
        for section in plugin.sections:
            self._claim(self._sections, section.id, section, plugin, "home section")
        for part in plugin.digest_sections:
            self._claim(self.digest_sections, part.id, part, plugin, "digest section")
        for figure in plugin.figures:
            self._claim(self.figures, figure.id, figure, plugin, "figure")
        for of_card in plugin.card_sections:
            self._claim(self._card_sections, of_card.id, of_card, plugin, "card section")
        for slash in plugin.slashes:
            self._claim(self.slashes, slash.word, slash, plugin, "slash command")
        for route in plugin.routes:
            self._claim(self.routes, f"{route.method} {route.address}", route, plugin, "route")
        for hook in plugin.hooks:
            self._claim(self.hooks, hook.address, hook, plugin, "hook")
        for merging in plugin.mergings:
            before_merging(merging.model, merging.handler)
        if plugin.languages:
            try:
                i18n.add(plugin.languages)
            except ValueError as exc:
                raise PluginError(f"plugin {plugin.name!r}: {exc}") from exc

    def _derive(self, plugin: Plugin, noun: Declaration) -> None:
        """Give a noun the commands that every noun has and that nobody declares for it by hand."""
        for _plugin, rule in self._rules:
            command = derived(rule, noun)
            if command.words not in self.commands:
                self._claim(self.commands, command.words, command, plugin, "command")
                self.usages[command.words] = usage_of(plugin, command)

    def within(self, schema: Schema) -> Registry:
        """Return the same with what a workspace has made its own: its fields are in every command, form and card."""
        if schema.is_plain:
            return self
        seen = schema.workspace_id, schema.roles
        known = self._known.get(seen)
        if known is None or known[0] is not schema:
            if len(self._known) >= REMEMBERED:
                self._known.clear()
            known = self._known[seen] = (schema, self._extended(schema))
        return known[1]

    def declarations(self, session: Session) -> dict[str, Declaration]:
        """Return every noun that the session's workspace has, with its own fields, by its key."""
        return {key: one.declaration for key, one in self.within(of(session)).nouns.items()}

    def _extended(self, schema: Schema) -> Registry:
        own = copy(self)
        own.references = schema.letters
        own.nouns = {key: replace(one, declaration=schema.extend(one.declaration)) for key, one in self.nouns.items()}
        own.nouns |= {key: DeclaredNoun(noun) for key, noun in schema.nouns.items() if key not in self.nouns}
        own.commands, own.usages = dict(self.commands), dict(self.usages)
        for plugin, command in self._own_commands(own.nouns):
            try:
                usage = usage_of(plugin, command)
            except PluginError as clash:
                # What came later takes a key that the workspace had given: the command does without its fields.
                log.warning("what workspace %s made its own: %s", schema.workspace_id, clash)
                continue
            own.commands[command.words], own.usages[command.words] = command, usage
        return own

    def _own_commands(self, nouns: Mapping[str, DeclaredNoun]) -> Iterator[tuple[Plugin, Command]]:
        """Yield the commands that are others for these nouns, each with the plugin that declares it."""
        for plugin, rule in self._rules:
            for noun in (one.declaration for one in nouns.values()):
                command = derived(rule, noun)
                before = self.commands.get(command.words)
                if before is None or (before.noun is not None and before.noun is not noun):
                    yield plugin, command
        for plugin in self.plugins.values():
            for command in plugin.commands:
                if command.takes and nouns[command.takes].declaration is not self.nouns[command.takes].declaration:
                    yield plugin, taking(command, nouns[command.takes].declaration)

    def commands_of(self, plugin: Plugin) -> list[Command]:
        """Return a plugin's commands, those that are derived for its nouns among them."""
        own = {noun.declaration.key for noun in plugin.nouns}
        return [*(c for c in self.commands.values() if c.noun and c.noun.key in own), *plugin.commands]

    def noun_of(self, reference: str) -> DeclaredNoun:
        """Return the noun of a reference; raise NotFound for anything else."""
        parsed = parse_reference(reference, self.references)
        if parsed is None or parsed[0] not in self.nouns:
            raise NotFound("This is from an older version of Rapport.", hint="Ask for the record again.")
        return self.nouns[parsed[0]]

    def reserved(self, noun: Declaration | None = None) -> set[str]:
        """Return the words that mean something already in a noun's commands; without one, those that begin commands."""
        if noun is None:
            return {words.split()[0] for words in self.commands} | set(self.slashes)
        usages = [usage for words, usage in self.usages.items() if words.split()[0] == noun.key]
        taken = {name for usage in usages for name in (*usage.keys, *(place.name for place in usage.positionals))}
        return (taken | {"sort", *noun.filters.by_name, *noun.filters.words}) - {field.key for field in noun.fields}

    def _claim(self, table: dict[str, T], key: str, value: T, plugin: Plugin, what: str) -> None:
        first = self._claimed.setdefault((what, key), plugin)
        if key in table:
            other = "it has declared" if first is plugin else f"{first.name!r} has"
            raise PluginError(f"plugin {plugin.name!r} declares the {what} {key!r}, which {other} already")
        table[key] = value

    def _claim_letter(self, noun: Declaration, plugin: Plugin) -> None:
        self._claim(self.letters, noun.letter, noun.key, plugin, "letter")
        # Follow-ups and digests have references too, and no plugin that declares them as nouns.
        if DECLARED.get(noun.key) != noun.letter:
            taken = f"noun {noun.key!r}" if noun.key in DECLARED else f"letter {noun.letter!r}"
            whose = "Rapport" if noun.key in DECLARED else repr(DECLARED.noun(noun.letter))
            raise PluginError(f"plugin {plugin.name!r} declares the {taken}, which {whose} has already")

    def owner(self, handler: Handler) -> str:
        """Return the name of the plugin that declares a function."""
        return self._owners.get(handler, "unknown")

    @property
    def sections(self) -> list[Section]:
        """Return the App Home's sections, first first."""
        return sorted(self._sections.values(), key=lambda s: (s.order, s.id))

    def card_sections(self, noun: str) -> list[CardSection]:
        """Return the parts that plugins add to the cards of a noun's records, first first."""
        found = (section for section in self._card_sections.values() if section.noun == noun)
        return sorted(found, key=lambda section: (section.order, section.id))

    @property
    def settings(self) -> Mapping[str, Sequence[DeclaredSetting]]:
        """Return the settings of each plugin that has some, by the plugin's name."""
        return {name: plugin.settings for name, plugin in self.plugins.items() if plugin.settings}

    def title(self, plugin: str) -> str:
        """Return what people call a plugin."""
        return self.plugins[plugin].title

    def declares(self, action_id: str) -> bool:
        """Tell whether somebody answers a control of this id, or did under a name that it had before."""
        name = action_id.partition(":")[0]
        return name in self.actions or name in self.sources or name in self.renamed

    @property
    def lines(self) -> list[RevisionLine]:
        """Return the lines of revisions to be migrated: the core's, then each plugin's own."""
        own = (p.schema for p in self.plugins.values() if p.schema)
        return [CORE, *(RevisionLine(tables.migrations, tables.schema) for tables in own)]

    @property
    def schemas(self) -> set[str]:
        """Return the schemas of the plugins' own tables."""
        return {p.schema.schema for p in self.plugins.values() if p.schema}

    def listeners(self, fact: object) -> list[Listener]:
        """Return who listens for this domain event, in the plugins' order."""
        return [x for p in self.plugins.values() for x in p.listeners if isinstance(fact, x.fact)]

    def events(self, type_: str, event: Mapping[str, Any]) -> list[SlackEvent]:
        """Return who listens for this Slack event of this kind, in the plugins' order."""
        return [x for p in self.plugins.values() for x in p.events if x.type == type_ and x.wants(event)]

    def command(self, slash: str, text: str) -> tuple[Command | None, str]:
        """Find the subcommand that `/deal add Acme` or `/crm deal add Acme` means, and the rest of the text.

        The longest declared words win; words compare without case, with any spaces between them. The record may come
        first, as in `/deal D-1 won`. `/crm` alone asks for help, and so does `/deal help`.
        """
        noun = slash.removeprefix("/").removeprefix(self.prefix)
        words = text.split()
        if noun == "crm" and not words:
            return self.commands.get("help"), ""
        if turned := wordings.turned(self, noun, text):
            return turned
        typed = [w.casefold() for w in words] if noun == "crm" else [noun, *(w.casefold() for w in words)]
        for length in range(min(3, len(typed)), 0, -1):
            command = self.commands.get(" ".join(typed[:length]))
            if command:
                used = length if noun == "crm" else length - 1
                rest = _after(text, used)
                # The word of a noun opens its form where nothing follows.
                stands_for = wordings.meant(self, command.words, rest) if command.opens and rest else None
                return stands_for or (command, rest)
            if typed[1:length] == ["help"]:
                return self.commands.get("help"), " ".join([typed[0], *typed[2:]])
        return wordings.meant(self, noun, text) or (None, text)

    def showing(self, slash: str, text: str) -> tuple[str, str] | None:
        """Return the command that a bare reference or a name after a noun stands for, and that; None for anything else.

        `/deal D-1` and `/crm D-1` are `/deal show D-1`, `/customer harbor` is `/customer show harbor`, and
        `/ticket mine` is `/ticket list mine`.
        """
        opens, rest = self.command(slash, text)
        if listed := wordings.listed(self, opens.words if opens else slash.removeprefix("/"), rest):
            return listed
        named = parse_reference(unescape(rest), self.references)
        noun = str(named[0]) if named else opens.words if opens else slash.removeprefix("/").removeprefix(self.prefix)
        return (f"{noun} show", rest) if rest and f"{noun} show" in self.commands else None

    def valued(self, slash: str, text: str) -> tuple[str, str, str] | None:
        """Return noun, reference and value of what may be a field's value alone, as `/ticket T-84 high`; else None."""
        return wordings.valued(self, slash.removeprefix("/").removeprefix(self.prefix), text)

    def spell(self, words: str) -> str:
        """Return a command as it is typed: `/deal add`, or `/crm find` where no noun begins it."""
        own = words.split(maxsplit=1)[0] in self.slashes
        return f"/{self.prefix}{words}" if own else f"/{self.prefix}crm {words}"

    def allowed(self, actor: Member, slash: str | None = None) -> list[Command]:
        """Return the commands this person may use, all or those under one slash command, in their order."""
        return [c for w, c in self.commands.items() if actor.has(c.role) and (slash is None or w.split()[0] == slash)]

    def roles(self) -> Iterator[tuple[str, str, str]]:
        """Yield the role matrix: kind of handler, its name, and the role it asks for."""
        yield from (("command", c.words, c.role.value) for c in self.commands.values())
        yield from (("action", a.id, ANYBODY if a.outside else a.role.value) for a in self.actions.values())
        yield from (("view", v.id, ANYBODY if v.outside else v.role.value) for v in self.views.values())
        yield from (("options", s.id, s.role.value) for s in self.sources.values())
        yield from (("shortcut", s.id, s.role.value) for s in self.shortcuts.values())
        yield from (("home", s.id, s.role.value) for s in self.sections)


def _after(text: str, words: int) -> str:
    """Return the text behind its first words, keeping its spaces and lines as they were typed."""
    rest = text
    for _ in range(words):
        rest = rest.lstrip()
        rest = rest[len(rest.split(None, 1)[0]) :]
    return rest.strip()
