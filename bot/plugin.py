"""Declare what a plugin adds to Rapport: the whole contract, in one file.

A plugin is a module or folder that exports `plugin`, a `Plugin`. Declaring only attaches data to plain functions;
nothing happens until the registry has read, checked and ordered every plugin. A plugin is trusted code in the bot's
own process.

A handler names what it needs as arguments and gets just that (`INJECTED` below). It receives an open session, calls
`storage`, and returns a value of `bot.kit.replies`; it never commits and never calls Slack. What it must know from
Slack first is asked by `before=`, outside the transaction, and arrives as `found`.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from bot.i18n import _, ngettext
from storage.notifications.preferences import Notice
from storage.records.declaration import Declaration
from storage.workspace.members import Member, Role

Handler = Callable[..., Any]
H = TypeVar("H", bound=Handler)

INJECTED: Mapping[str, str] = {
    "session": "the open transaction, an sqlalchemy.orm.Session in the actor's workspace",
    "actor": "the storage.workspace.members.Member who acts",
    "reader": "a bot.kit.format.Reader: how things are shown to who acts or receives, or to everybody in a channel",
    "receiver": "the Member who will read what a renderer or a digest's section draws; None in a channel",
    "workspace": "the storage.workspace.workspaces.Workspace",
    "now": "the time of the request, an aware datetime in UTC",
    "place": "where it was said: a Place",
    "found": "what `before` returned",
    "args": "a command's bot.grammar.Args",
    "noun": "the storage.records.declaration.Declaration of the noun that a derived command is about",
    "control": "a button's or menu's bot.kit.blocks.Control, with what was chosen, or a form's field, as `detail`",
    "values": "a submitted modal's fields: name -> text, or a list of texts",
    "state": "what the modal was opened with: name -> text",
    "query": "what was typed into a menu so far",
    "message": "the message that a shortcut was used on, as Slack sent it; empty elsewhere",
    "event": "a Slack event's inner object",
    "fact": "a domain event of storage.events",
    "due": "a job's storage.queues.due.Due row",
    "delivery": "the storage.queues.outbox.Delivery to render",
    "period": "the storage.digests.metrics.Period a digest is about: from when until when, and whose records count",
    "model": "the workspace's model: `classify(text)` returns an ml.classify.classifier.Verdict",
    "catalogue": "the bot.registry.Registry: every declaration, for help",
}
"""The names a handler may use for its arguments; any other name is refused when the bot starts."""


@dataclass(frozen=True, slots=True)
class Place:
    """Say where something was said: the channel's id, and the thread's ts if any; an event says if it is `shared`."""

    channel_id: str = ""
    thread_ts: str | None = None
    shared: bool = False


class Slack(Protocol):
    """Ask Slack before a transaction, the only door to it; each raises storage.errors.CrmError where it refuses."""

    def channel(self, channel_id: str) -> Mapping[str, Any]:
        """Return conversations.info's `channel`."""

    def join(self, channel_id: str) -> Mapping[str, Any]:
        """Join a public channel and return it; a private one the bot is not in is refused with how to invite it."""

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return users.info's `user`."""

    def permalink(self, channel_id: str, ts: str) -> str:
        """Return a message's permanent address."""

    def message(self, channel_id: str, ts: str) -> Mapping[str, Any]:
        """Return a message, also one in a thread; raise NotFound where there is none."""

    def file(self, address: str, most: int) -> IO[bytes]:
        """Return a file that somebody sent, on this machine's disk; raise Invalid for one of more than `most` bytes."""


@dataclass(frozen=True, slots=True)
class Command:
    """Hold a slash subcommand: its words after /crm, its usage line, who may use it, and its keys' types by name."""

    words: str
    usage: str
    role: Role
    handler: Handler | None
    before: Handler | None = None
    opens: View | None = None
    example: str = ""
    types: Mapping[str, Any] = field(default_factory=dict)
    noun: Declaration | None = None

    @property
    def help(self) -> str:
        """Return the first line of the handler's docstring; of a derived command, with the noun's name in it."""
        line = _summary(self.handler) if self.handler else _summary(self.opens.fill) if self.opens else ""
        return line.replace("record", self.noun.label.casefold()) if self.noun else line


@dataclass(frozen=True, slots=True)
class Action:
    """Hold a button or menu, known to Slack by its `action_id`, `plugin.name`; one `choice` or each opens a modal."""

    id: str
    role: Role
    handler: Handler | None
    before: Handler | None = None
    opens: View | None = None
    choice: str = ""


@dataclass(slots=True)
class View:
    """Hold a modal: one function fills it, one takes what was submitted."""

    id: str
    title: str
    role: Role
    fill: Handler
    submitted: Handler | None = None
    before: Handler | None = None

    def submit(self, function: H) -> H:
        """Name the function that takes what was submitted; it may name `values` and `state`."""
        self.submitted = function
        return function


@dataclass(frozen=True, slots=True)
class Source:
    """Hold the choices of a menu that is filled while the person types."""

    id: str
    role: Role
    handler: Handler


@dataclass(frozen=True, slots=True)
class Shortcut:
    """Hold a global or message shortcut that opens a modal."""

    id: str
    title: str
    role: Role
    opens: View
    on_message: bool


@dataclass(frozen=True, slots=True)
class SlackEvent:
    """Hold a listener for one kind of Slack event."""

    type: str
    handler: Handler
    before: Handler | None = None
    scopes: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Job:
    """Hold what runs once in each workspace on a recurrence (RRULE text, in the workspace's zone)."""

    id: str
    every: str
    at: str
    handler: Handler


@dataclass(frozen=True, slots=True)
class Section:
    """Hold a part of the App Home; lower `order` comes first."""

    id: str
    title: str
    order: int
    role: Role
    handler: Handler


@dataclass(frozen=True, slots=True)
class DigestSection:
    """Hold a part of digests that people can choose by its title."""

    id: str
    title: str
    handler: Handler

    def draw(self, given: Mapping[str, Any]) -> list[Any]:
        """Return the section's blocks; `given` holds at least what its handler names."""
        return list(self.handler(**{name: given[name] for name in inspect.signature(self.handler).parameters}) or ())


@dataclass(frozen=True, slots=True)
class Listener:
    """Hold a listener for a domain event, called in the same transaction."""

    fact: type
    handler: Handler


@dataclass(frozen=True, slots=True)
class Renderer:
    """Hold what draws an outbox row's message when it is sent, of which kind that is, and if others may read it."""

    id: str
    handler: Handler
    kind: Notice | Callable[[Any], Notice | None] | None = Notice.OTHER
    outside: bool = False


@dataclass(frozen=True, slots=True)
class DeclaredNoun:
    """Hold a noun with the functions that draw one of its records, where it needs more than the rule.

    `card(session, record, reader, actor, notice=None, undo=False, replace=False)` returns a Message,
    `line(session, reader)` a function for what a list tells of a record below its name.
    """

    declaration: Declaration
    card: Handler | None = None
    line: Handler | None = None


@dataclass(frozen=True, slots=True)
class Derived:
    """Hold a command that every noun has: its word after the noun's, and what makes its usage and types of a noun.

    One that `changes` records takes the role that the noun asks for, any other the viewer's.
    """

    verb: str
    handler: Handler
    usage: Callable[[Declaration], str]
    types: Callable[[Declaration], Mapping[str, Any]]
    example: Callable[[Declaration], str]
    changes: bool
    opens: View | None = None


@dataclass(frozen=True, slots=True)
class Renamed:
    """Say which id a control or modal that people still have has now, and of which noun it was."""

    was: str
    now: str
    noun: str


class Catalogue(Protocol):
    """Look up what is declared."""

    @property
    def nouns(self) -> Mapping[str, DeclaredNoun]:
        """Return every noun by its key."""

    @property
    def commands(self) -> Mapping[str, Command]:
        """Return every command by its words."""

    def spell(self, words: str) -> str:
        """Return a command as it is typed."""

    def reserved(self, noun: Declaration | None = None) -> set[str]:
        """Return the words that no field of a noun may have as its key; without one, those that begin commands."""

    def roles(self) -> Iterator[tuple[str, str, str]]:
        """Yield kind, name and role of everything that people use."""

    def noun_of(self, reference: str) -> DeclaredNoun:
        """Return the noun of a reference; raise NotFound for anything else."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Hold a plugin's own tables: the Postgres schema they live in and its Alembic revisions."""

    schema: str
    migrations: Path


@dataclass(slots=True)
class Plugin:
    """Collect the declarations of one plugin.

    `name` is unique, lower case, and the prefix of every id that Slack will send back. Roles have no default: who may
    use something is always said. Raises ValueError on a declaration that cannot be right; clashes between plugins are
    found by the registry.
    """

    name: str
    title: str
    description: str = ""
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
    schema: Tables | None = None

    def __post_init__(self) -> None:
        if not self.name.isidentifier() or self.name != self.name.lower():
            raise ValueError(f"a plugin's name is one lower-case word, not {self.name!r}")

    def id(self, name: str) -> str:
        """Return the id under which Slack knows one of this plugin's controls or modals."""
        return f"{self.name}.{name}"

    def command(
        self, words: str, *, role: Role, usage: str = "", example: str = "", before: Handler | None = None, **types: Any
    ) -> Callable[[H], H]:
        """Declare a slash subcommand by its words after /crm; `types` (bot.grammar.types) say how its keys are read."""

        def declare(function: H) -> H:
            self.commands.append(Command(words, usage, role, function, before, None, example, types))
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
        self, name: str, *, role: Role, before: Handler | None = None, opens: View | None = None, choice: str = ""
    ) -> Callable[[H], H]:
        """Declare a button or menu; with `opens` it opens that modal and the function only documents it.

        With a `choice`, the detail of one entry of a menu, only that one does, and the function is for the others.
        """

        def declare(function: H) -> H:
            done = function if choice or not opens else None
            self.actions.append(Action(self.id(name), role, done, before, opens, choice))
            return function

        return declare

    def button_opens(self, name: str, view: View) -> None:
        """Declare a button that opens a modal; the control's record arrives in the modal's `control`."""
        self.actions.append(Action(self.id(name), view.role, None, None, view))

    def view(self, name: str, *, title: str, role: Role, before: Handler | None = None) -> Callable[[Handler], View]:
        """Declare a modal by the function that fills it; a static loading view is shown before any database work."""

        def declare(function: Handler) -> View:
            view = View(self.id(name), title, role, function, before=before)
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

    def job(self, name: str, *, every: str, at: str = "03:00") -> Callable[[H], H]:
        """Declare work that recurs in each workspace: `every` is RRULE text, `at` a local time."""

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


def _summary(function: Handler) -> str:
    return (inspect.getdoc(function) or "").partition("\n")[0]


__all__ = [
    "INJECTED",
    "Action",
    "Catalogue",
    "Command",
    "Declaration",
    "DeclaredNoun",
    "Derived",
    "DigestSection",
    "Handler",
    "Job",
    "Listener",
    "Member",
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
    "Source",
    "Tables",
    "View",
    "_",
    "ngettext",
]
