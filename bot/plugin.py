"""Declare what a plugin adds to Rapport: the contract, whole.

A plugin is a module or folder that exports `plugin`, a `Plugin`. Declaring only attaches data to plain functions;
nothing happens until the registry has read, checked and ordered every plugin. A plugin is trusted code in the bot's
own process. What the declarations are kept as is in `bot.declared`, and can be imported from here.

A plugin imports `bot.plugin`, `bot.kit`, `bot.grammar`, the modules of `storage` in `STORAGE`, and `ml`; its tests
import `bot.testing`. Nothing else of Rapport is promised to stay.

A handler names what it needs as arguments and gets just that (`INJECTED` below). It receives an open session, calls
`storage`, and returns a value of `bot.kit.replies`; it never commits and never calls Slack. What it must know from
Slack first is asked by `before=`, outside the transaction, and arrives as `found`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from prometheus_client import Counter

from bot.declared import (
    INJECTED,
    Action,
    CardSection,
    Catalogue,
    Check,
    Command,
    DeclaredNoun,
    Derived,
    DigestSection,
    H,
    Handler,
    Job,
    Listener,
    Merging,
    Place,
    Renamed,
    Renderer,
    Section,
    Shortcut,
    Slack,
    SlackEvent,
    SlashCommand,
    Source,
    Tables,
    View,
)
from bot.given import Counted, DeclaredFigure, DeclaredHook, DeclaredRoute, DeclaredSetting, GivenField
from bot.i18n import _, ngettext
from storage.notifications.preferences import Notice
from storage.records.declaration import Declaration
from storage.records.fields import RecordField
from storage.records.named import Named
from storage.workspace.members import Member, Role

CONTRACT = 2
"""The version of this contract. A plugin states the one it was written for; the bot does not start with another."""

_PUBLIC = "crm database.engine database.policies digests.metrics errors events money names queues.due queues.outbox"
_ALSO = "records references support webhooks.occurrences workspace"
STORAGE = tuple(f"storage.{one}" for one in f"{_PUBLIC} {_ALSO}".split())
"""The modules of storage that are for plugins, each with what is below it."""


@dataclass(slots=True)
class Plugin:
    """Collect the declarations of one plugin.

    `name` is unique and begins every id that Slack sends back; `contract` is the version that it was written for. One
    that is `off` rests until RAPPORT_PLUGINS names it. Raises ValueError on a declaration that cannot be right.
    """

    name: str
    title: str
    description: str = ""
    contract: int = 1
    off: bool = False
    commands: list[Command] = field(default_factory=list)
    actions: list[Action] = field(default_factory=list)
    views: list[View] = field(default_factory=list)
    sources: list[Source] = field(default_factory=list)
    shortcuts: list[Shortcut] = field(default_factory=list)
    events: list[SlackEvent] = field(default_factory=list)
    jobs: list[Job] = field(default_factory=list)
    sections: list[Section] = field(default_factory=list)
    digest_sections: list[DigestSection] = field(default_factory=list)
    listeners: list[Listener] = field(default_factory=list)
    renderers: list[Renderer] = field(default_factory=list)
    nouns: list[DeclaredNoun] = field(default_factory=list)
    derived: list[Derived] = field(default_factory=list)
    renamed: list[Renamed] = field(default_factory=list)
    slashes: list[SlashCommand] = field(default_factory=list)
    given_fields: list[GivenField] = field(default_factory=list)
    settings: list[DeclaredSetting] = field(default_factory=list)
    card_sections: list[CardSection] = field(default_factory=list)
    routes: list[DeclaredRoute] = field(default_factory=list)
    figures: list[DeclaredFigure] = field(default_factory=list)
    hooks: list[DeclaredHook] = field(default_factory=list)
    mergings: list[Merging] = field(default_factory=list)
    checks: list[Check] = field(default_factory=list)
    metrics: list[Counted] = field(default_factory=list)
    samples: list[Handler] = field(default_factory=list)
    languages: Path | None = None
    schema: Tables | None = None
    asked: set[str] = field(default_factory=set)
    """The ids that the plugin's code has asked for while it was imported."""
    known: frozenset[str] | None = None
    """The ids that it declares, once all are."""

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(f"a plugin's name is one lower-case word, not {self.name!r}")

    def id(self, name: str) -> str:
        """Return the id under which Slack knows one of this plugin's controls or modals.

        One that is not declared by then stops the start; asked for afterwards, it raises ValueError.
        """
        asked = f"{self.name}.{name}"
        if self.known is None:
            self.asked.add(asked)
        elif asked not in self.known:
            raise ValueError(f"plugin {self.name!r} declares nothing that is called {name!r}")
        return asked

    def command(
        self, words: str, *, role: Role, usage: str = "", example: str = "", before: Handler | None = None, **types: Any
    ) -> Callable[[H], H]:
        """Declare a slash subcommand by its words after /crm; `types` (bot.grammar.types) say how its keys are read.

        `takes`, a noun's key, gives it a key for each field that a workspace gave to that noun.
        """
        takes = str(types.pop("takes", ""))

        def declare(function: H) -> H:
            self.commands.append(Command(words, usage, role, function, before, None, example, types, None, takes))
            return function

        return declare

    def noun(self, declaration: Declaration, *, card: Handler | None = None, line: Handler | None = None) -> None:
        """Declare a noun; all that follows from it and is not declared by hand is derived."""
        self.nouns.append(DeclaredNoun(declaration, card, line))

    def each_noun(
        self,
        verb: str,
        *,
        usage: Callable[[Declaration], str],
        changes: bool,
        types: Callable[[Declaration], Mapping[str, Any]] = lambda _noun: {},
        example: Callable[[Declaration], str] = lambda _noun: "",
    ) -> Callable[[H], H]:
        """Declare a command of every noun for which none is declared by hand; it may name `noun`."""

        def declare(function: H) -> H:
            self.derived.append(Derived(verb, function, usage, types, example, changes))
            return function

        return declare

    def each_noun_opens(self, view: View) -> None:
        """Declare that a noun's word alone opens a modal, to whoever may change its records."""
        self.derived.append(Derived("", view.fill, lambda _: "", lambda _: {}, lambda _: "", True, view))

    def was(self, name: str, now: str, *, noun: str) -> None:
        """Say that a button or modal of this plugin is another one now; `now` is its whole id."""
        self.renamed.append(Renamed(self.id(name), now, noun))

    def opens(self, words: str, view: View) -> None:
        """Declare a slash command that opens a modal."""
        self.commands.append(Command(words, "", view.role, None, None, view))

    def action(
        self,
        name: str,
        *,
        role: Role,
        before: Handler | None = None,
        opens: View | None = None,
        choice: str = "",
        outside: bool = False,
    ) -> Callable[[H], H]:
        """Declare a button or menu; with `opens` it opens that modal and the function only documents it.

        With a `choice`, the first word of entries of a menu, only those do, and the function is for the others.
        One that customers use too is for `outside`: no role is asked for, so the function itself says who may.
        """

        def declare(function: H) -> H:
            done = function if choice or not opens else None
            self.actions.append(Action(self.id(name), role, done, before, opens, choice, outside))
            return function

        return declare

    def button_opens(self, name: str, view: View) -> None:
        """Declare a button that opens a modal; the control's record arrives in the modal's `control`."""
        self.actions.append(Action(self.id(name), view.role, None, None, view, outside=view.outside))

    def view(
        self, name: str, *, title: str, role: Role, before: Handler | None = None, outside: bool = False
    ) -> Callable[[Handler], View]:
        """Declare a modal by the function that fills it; a static loading view is shown before any database work."""

        def declare(function: Handler) -> View:
            view = View(self.id(name), title, role, function, before=before, outside=outside)
            self.views.append(view)
            return view

        return declare

    def options(self, name: str, *, role: Role) -> Callable[[H], H]:
        """Declare the choices of a menu that is filled while the person types."""

        def declare(function: H) -> H:
            self.sources.append(Source(self.id(name), role, function))
            return function

        return declare

    def shortcut(self, name: str, view: View, *, title: str, on_message: bool = False) -> None:
        """Declare a global shortcut, or one on messages, that opens a modal."""
        self.shortcuts.append(Shortcut(self.id(name), title, view.role, view, on_message))

    def event(self, type_: str, *, before: Handler | None = None, scopes: Sequence[str] = ()) -> Callable[[H], H]:
        """Declare a listener for a Slack event, run from the inbox in one transaction.

        A mention is a `message` too, and whichever of the two Slack sends first comes, once, as that.
        """
        if type_ == "app_mention":
            raise ValueError("a mention comes as a message: listen for that")

        def declare(function: H) -> H:
            self.events.append(SlackEvent(type_, function, before, scopes))
            return function

        return declare

    def reaction(self, emoji: str) -> Callable[[H], H]:
        """Declare a listener for one emoji, without its colons, that somebody puts on a message; it names `event`.

        Of an emoji with skin tones all are meant.
        """

        def declare(function: H) -> H:
            self.events.append(SlackEvent("reaction_added", function, emoji=emoji))
            return function

        return declare

    def job(self, name: str, *, every: str = "", at: str = "03:00") -> Callable[[H], H]:
        """Declare work that recurs in each workspace: `every` is RRULE text, `at` a local time, if hourly a minute.

        Without `every`, it is work for what somebody schedules in `storage.queues.due` under the job's id.
        """

        def declare(function: H) -> H:
            self.jobs.append(Job(self.id(name), every, at, function))
            return function

        return declare

    def on(self, fact: type) -> Callable[[H], H]:
        """Declare a listener for a domain event, called in the same transaction as what caused it."""

        def declare(function: H) -> H:
            self.listeners.append(Listener(fact, function))
            return function

        return declare

    def home(self, title: str, *, role: Role, order: int = 100) -> Callable[[H], H]:
        """Declare a section of the App Home; the function returns blocks, none where there is nothing to show."""

        def declare(function: H) -> H:
            self.sections.append(Section(self.id(function.__name__), title, order, role, function))
            return function

        return declare

    def digest_section(self, title: str) -> Callable[[H], H]:
        """Declare a part of digests; the function returns blocks, none where there is nothing to say.

        It may name `session`, `workspace`, `now`, `reader` (None in a channel) and `period`.
        """

        def declare(function: H) -> H:
            self.digest_sections.append(DigestSection(self.id(function.__name__), title, function))
            return function

        return declare

    def figure(self, name: str, *, noun: str, over_time: bool = False, by: str = "") -> Callable[[H], H]:
        """Declare a number, `PLUGIN.NAME`, that keys are told that may read `noun`; the function returns its Tally.

        It may name `session`, `workspace`, `actor`, `now` and `period`, and where there are parts `by` something, the
        `value` of the part that is asked for, None for the whole. It returns None where who asks may not know.
        """

        def declare(function: H) -> H:
            self.figures.append(DeclaredFigure(f"{self.name}.{name}", noun, over_time, by, function))
            return function

        return declare

    def renderer(
        self, name: str, *, kind: Notice | Callable[[Any], Notice | None] | None = Notice.OTHER, outside: bool = False
    ) -> Callable[[H], H]:
        """Declare what draws an outbox row's message; the function returns a Message, None when no longer wanted.

        `kind` is what people mute, or tells it; None is never held back. Others are sent only what is for `outside`.
        """

        def declare(function: H) -> H:
            self.renderers.append(Renderer(self.id(name), function, kind, outside))
            return function

        return declare

    def tables(self, *, migrations: Path) -> None:
        """Declare the plugin's own tables, in a Postgres schema named after it, with its own Alembic revisions."""
        self.schema = Tables(self.name, migrations)

    def slash(self, word: str, *, description: str) -> None:
        """Declare a slash command of the plugin's own: `/word add` is then `/crm word add`; the manifest changes."""
        self.slashes.append(SlashCommand(word, description))

    def gives(
        self,
        noun: str,
        key: str,
        name: str,
        *,
        type: str,
        hint: str = "",
        choices: Sequence[str] = (),
        links_to: str = "",
    ) -> GivenField:
        """Declare a field of a noun of the core or of another plugin; what is returned reads its values.

        Each workspace gets it as a field of its own: an admin may rename or retire it, and it stays when the plugin
        goes. `type` is one of storage.records.schema.TYPES.
        """
        self.given_fields.append(GivenField(noun, key, name, type, hint, choices, links_to))
        return self.given_fields[-1]

    def setting(self, field: RecordField, *, default: Any, secret: bool = False) -> DeclaredSetting:
        """Declare a setting that admins change with `/crm settings`; what is returned reads its value.

        A `secret` is a text that is shown to nobody and never in the history; an undo brings the one before back.
        """
        self.settings.append(DeclaredSetting(self.name, field, default, secret))
        return self.settings[-1]

    def card(self, noun: str, title: str, *, order: int = 100) -> Callable[[H], H]:
        """Declare a part of the cards of a noun's records; the function names `record` and returns blocks, or none."""

        def declare(function: H) -> H:
            self.card_sections.append(CardSection(self.id(function.__name__), noun, title, order, function))
            return function

        return declare

    def route(self, method: str, path: str, *, noun: str, role: Role) -> Callable[[H], H]:
        """Declare what answers programs at `/api/v1/plugins/PLUGIN/PATH`; the function returns what JSON can hold.

        Keys that may read `noun` may GET it, keys that may write it all else, where they act in the role. The function
        may name `query_string`, and `body` unless it is a GET.
        """

        def declare(function: H) -> H:
            self.routes.append(DeclaredRoute(method, f"{self.name}/{path.strip('/')}", noun, role, function))
            return function

        return declare

    def hook(self, path: str, *, signed: Handler, once: str = "", ping: Handler = lambda: False) -> Callable[[H], H]:
        """Declare what takes other programs' webhooks, at POST `/api/v1/hooks/WORKSPACE/PLUGIN/PATH`, without a key.

        `signed` tells whether the workspace knows who sent it, from `headers` and `raw`, the body as it came; nothing
        is done before. `once` is the header whose value has its effect once, `ping` tells what asks only whether
        anybody is here. The function names `body`, what the JSON says; an error is told to the sender, who comes again.
        """

        def declare(function: H) -> H:
            self.hooks.append(DeclaredHook(f"{self.name}/{path.strip('/')}", signed, once, ping, function))
            return function

        return declare

    def merging(self, model: type[Named]) -> Callable[[H], H]:
        """Declare what becomes of the plugin's rows when two records are merged; the function names `gone` and `kept`.

        It is called before rows that refer to `gone` are made to refer to `kept`, for what both cannot keep. What is
        erased takes the rows that refer to it along: their foreign keys say ON DELETE CASCADE or SET NULL.
        """

        def declare(function: H) -> H:
            self.mergings.append(Merging(model, function))
            return function

        return declare

    def finding(self, title: str, *, remedy: str) -> Callable[[H], H]:
        """Declare what `rapport doctor` looks at in each workspace; the function returns what is wrong, or nothing."""

        def declare(function: H) -> H:
            self.checks.append(Check(title, remedy, function))
            return function

        return declare

    def metric(self, name: str, what: str, *labels: str) -> Counted:
        """Declare something that is counted, at /metrics as `rapport_PLUGIN_NAME_total`; what is returned counts it."""
        whole = f"rapport_{self.name}_{name}"
        self.metrics.append(Counted(whole, what, Counter(whole, what, labels, registry=None)))
        return self.metrics[-1]

    def sample(self, function: H) -> H:
        """Declare what fills the demo with the plugin's data, once; it may name `session`, `workspace` and `now`."""
        self.samples.append(function)
        return function

    def translations(self, folder: Path) -> None:
        """Declare a folder of translations, a file for each language: `de.po`."""
        self.languages = folder


__all__ = [
    "CONTRACT",
    "INJECTED",
    "STORAGE",
    "Action",
    "CardSection",
    "Catalogue",
    "Check",
    "Command",
    "Counted",
    "Declaration",
    "DeclaredFigure",
    "DeclaredHook",
    "DeclaredNoun",
    "DeclaredRoute",
    "DeclaredSetting",
    "Derived",
    "DigestSection",
    "GivenField",
    "Handler",
    "Job",
    "Listener",
    "Member",
    "Merging",
    "Notice",
    "Place",
    "Plugin",
    "Renamed",
    "Renderer",
    "Role",
    "Section",
    "Shortcut",
    "Slack",
    "SlackEvent",
    "SlashCommand",
    "Source",
    "Tables",
    "View",
    "_",
    "ngettext",
]
