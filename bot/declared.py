"""Hold what plugins have declared, as `bot.plugin.Plugin` collects it and the registry checks and orders it."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any, Protocol, TypeVar

from bot.given import DeclaredSetting
from storage.notifications.preferences import Notice
from storage.records.declaration import Declaration
from storage.records.named import Named
from storage.workspace.members import Role

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
    "record": "the record whose card is drawn, of whatever noun",
    "gone": "the record that is being merged away",
    "kept": "the record into which it is merged",
    "query_string": "what a program sent behind the question mark: name -> text",
    "body": "what a program sent, a JSON object",
    "headers": "the headers of a webhook, a mapping of lower-case names",
    "raw": "the body of a webhook as it came, bytes",
    "delivery": "the storage.queues.outbox.Delivery to render",
    "period": "the storage.digests.metrics.Period a digest is about: from when until when, and whose records count",
    "value": "which part of a figure is asked for; None for the whole",
    "model": "the workspace's model: `classify(text)` returns an ml.classify.classifier.Verdict",
    "inside": "a storage.webhooks.addresses.Allowed: what webhooks may reach of this machine and its networks",
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
    """Hold a slash subcommand: its words after /crm, usage, role, types of keys; it `takes` own fields of a noun."""

    words: str
    usage: str
    role: Role
    handler: Handler | None
    before: Handler | None = None
    opens: View | None = None
    example: str = ""
    types: Mapping[str, Any] = field(default_factory=dict)
    noun: Declaration | None = None
    takes: str = ""

    @property
    def help(self) -> str:
        """Return the first line of the handler's docstring; of a derived command, with the noun's name in it."""
        line = summary(self.handler) if self.handler else summary(self.opens.fill) if self.opens else ""
        return _of_noun(line, self.noun.label.casefold()) if self.noun else line


def _of_noun(line: str, label: str) -> str:
    article = "an" if label[:1] in "aeiou" else "a"
    return re.sub(r"\ba record", f"{article} {label}", line).replace("record", label)


@dataclass(frozen=True, slots=True)
class Action:
    """Hold a button or menu, known to Slack by its `action_id`, `plugin.name`; one `choice` or each opens a modal."""

    id: str
    role: Role
    handler: Handler | None
    before: Handler | None = None
    opens: View | None = None
    choice: str = ""
    outside: bool = False


@dataclass(slots=True)
class View:
    """Hold a modal: one function fills it, one takes what was submitted; `outside` as in `Plugin.action`."""

    id: str
    title: str
    role: Role
    fill: Handler
    submitted: Handler | None = None
    before: Handler | None = None
    outside: bool = False

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
    emoji: str = ""

    def wants(self, event: Mapping[str, Any]) -> bool:
        """Tell whether it is about this event: one that names an emoji, in any tone of skin, is about no other."""
        return not self.emoji or str(event.get("reaction", "")).partition("::")[0] == self.emoji


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


@dataclass(frozen=True, slots=True)
class SlashCommand:
    """Hold a slash command of the plugin's own, `/word`: the commands that begin with its word answer to it too."""

    word: str
    description: str


@dataclass(frozen=True, slots=True)
class CardSection:
    """Hold a part of the card of a noun's records; lower `order` comes first."""

    id: str
    noun: str
    title: str
    order: int
    handler: Handler


@dataclass(frozen=True, slots=True)
class Merging:
    """Hold what a plugin does with its rows before the rows of a record of this model move to another record."""

    model: type[Named]
    handler: Handler


@dataclass(frozen=True, slots=True)
class Check:
    """Hold what `rapport doctor` looks at in each workspace, and what to do about what it finds."""

    title: str
    remedy: str
    handler: Handler


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

    @property
    def settings(self) -> Mapping[str, Sequence[DeclaredSetting]]:
        """Return the settings of each plugin that has some, by the plugin's name."""

    def title(self, plugin: str) -> str:
        """Return what people call a plugin."""

    def noun_of(self, reference: str) -> DeclaredNoun:
        """Return the noun of a reference; raise NotFound for anything else."""


@dataclass(frozen=True, slots=True)
class Tables:
    """Hold a plugin's own tables: the Postgres schema they live in and its Alembic revisions."""

    schema: str
    migrations: Path


def summary(function: Handler) -> str:
    """Return the first line of a docstring, from which help is made."""
    return (inspect.getdoc(function) or "").partition("\n")[0]
