"""Use every handler as somebody of the office would, without Slack."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import IO, Any

from bot.kit import blocks as b
from bot.plugin import View
from bot.registry import ANYBODY, Registry
from bot.requests.actors import People
from bot.requests.answer import Answer, dump
from bot.requests.home import HomeView
from bot.requests.request import Origin, Request, RequestKind, read
from bot.requests.runtime import Runtime
from bot.slack.clients import Installations
from storage.crm import contacts, customers, deals, followups, notes
from storage.database.engine import Database
from storage.digests import schedules
from storage.records import history, lifecycle, schema
from storage.records.schema import field_definitions, noun_definitions
from storage.support import channels, tickets
from storage.transfer import requests
from storage.transfer.mapping import ColumnMapping, MappedColumn
from storage.webhooks import occurrences
from storage.webhooks import settings as webhooks
from storage.workspace import members as people
from storage.workspace import workspaces
from tests.support.answers import errors_of, is_failure, text_of, view_of
from tests.support.small_model import small_models

STAFF = {
    "viewer": {"viewer"},
    "rep": {"viewer", "rep"},
    "agent": {"viewer", "agent"},
    "manager": {"viewer", "rep", "agent", "manager"},
    "admin": {"viewer", "rep", "agent", "manager", "admin"},
}
"""Which roles each of our own people act in, as the design says and not as the code does."""
STRANGERS: Mapping[str, Mapping[str, Any]] = {
    "guest": {"kind": people.MemberKind.GUEST},
    "somebody else's": {"kind": people.MemberKind.OUTSIDE},
    "without a role": {"kind": people.MemberKind.STAFF},
    "gone": {"kind": people.MemberKind.STAFF, "roles": ["admin"], "active": False},
}
NOUNS = {"customers": "C", "deals": "D", "tickets": "T", "triage": "T", "followups": "F", "digests": "G"}
NOUNS |= {"records": "C", "contacts": "P", "fields": "FIELD", "nouns": "NOUN", "webhooks": "HOOK"}
DETAILS = {"digests.behind": "open 0 4000000000", "followups.snooze": "1h"}
DETAILS |= {"records.page": "customer [0]", "records.more": "archive", "records.new": "customer"}
DETAILS |= {"fields.show": "customer 0", "fields.more": "up", "fields.new": "customer", "nouns.more": "retire"}
DETAILS |= {"webhooks.more": "log", "webhooks.replay": "1"}
DETAILS |= {f"transfer.{name}": "1" for name in ("check", "start", "stop", "undo", "cancel", "columns", "mapping")}
DETAILS |= {"triage.rate": "1 5", "triage.rating_words": "1"}
DETAILS |= {"records.merge_anyway": "C-2", "sla.promise": '["urgent", null, "resolution", 60]'}
DETAILS |= {"records.add_anyway": '["customer", {"name": "Heron"}]'}
HERE = "C0HERE"
numbers = itertools.count(1)
WORDS = {
    "acme corp": "Heron Sails",
    "acme": "Finch",
    "globx": "Finch",
    "D-88": "D-1",
    "T-1042": "T-1",
    "#[a-z-]+": f"<#{HERE}|here>",
    "P-1": "P-1",
    "ERP": "Finch hook",
    "@jane": "",
    "@rita": "<@UREP>",
    "@mara": "<@UMANAGER>",
    "@rosa": "<@UAGENT>",
}
"""What the commands' examples name, and what there is of it here."""


class Somewhere:
    """Answer as Slack does of channels and people it knows."""

    def channel(self, channel_id: str) -> Mapping[str, Any]:
        """Return a channel of our own."""
        return {"id": channel_id, "name": "somewhere", "is_member": True}

    join = channel

    def user(self, user_id: str) -> Mapping[str, Any]:
        """Return one of our own people."""
        return {"id": user_id, "name": user_id.lower(), "tz": "Europe/Berlin", "locale": "en-US"}

    def message(self, channel_id: str, ts: str) -> Mapping[str, Any]:
        """Return a message of somebody else's."""
        return {"ts": ts, "user": "UCUSTOMER", "text": "The export fails"}

    def permalink(self, channel_id: str, ts: str) -> str:
        """Return an address."""
        return f"https://example.slack.com/archives/{channel_id}/p{ts}"

    def file(self, address: str, most: int) -> IO[bytes]:
        """Return a file with a company in it."""
        return io.BytesIO(b"Company\nHeron Imports\n")


@dataclass(frozen=True, slots=True)
class Use:
    """Hold one way of using a handler: `body` is what Slack sends of it, but for who and when."""

    kind: str
    name: str
    role: str
    sent: RequestKind
    body: Mapping[str, Any]
    filling: bool = False

    def by(self, workspace: str, user_id: str) -> Request:
        """Return the request that this person sends; no two are the same one."""
        number = next(numbers)
        body = {**self.body, "user_id": user_id, "user": {"id": user_id}, "trigger_id": f"trigger{number}"}
        body["container"] = {"message_ts": f"{number}.0"}
        if self.sent is RequestKind.VIEW:
            body["view"] = {**self.body["view"], "id": f"V{number}"}
        return read(self.sent, body, workspace)


class Office:
    """Hold what handles requests, without Slack."""

    def __init__(self, database: Database, registry: Registry, slack: Somewhere | None = None) -> None:
        installations = Installations(database, api_url="http://127.0.0.1:9/api/", vault=None, token=None)
        self.database, self.registry = database, registry
        self.people = People(database, lambda _workspace: slack or Somewhere())
        models = small_models()
        self.runtime = Runtime(
            database, registry, self.people, lambda _workspace: slack or Somewhere(), model=models.of
        )
        self.home = HomeView(database, registry, self.people, installations)

    def does(self, use: Use, workspace: str, user_id: str) -> Answer:
        """Perform a use for a person."""
        return self.runtime.perform(use.by(workspace, user_id), filling=use.filling)

    def uses(self, workspace: str, user_id: str, *, words: Mapping[str, str], number: int = 1) -> Iterator[Use]:
        """Yield a use of everything but Home sections; forms are submitted as they are filled for this person.

        `words` replaces words in the commands' examples, `number` is that of the records that controls refer to.
        """
        registry = self.registry
        for command in registry.commands.values():
            slash, _space, rest = registry.spell(command.words).partition(" ")
            typed = " ".join([rest, _typed(command.example, words)]).strip()
            body: dict[str, Any] = {"command": slash, "text": typed, "channel_id": HERE}
            if command.opens:
                yield Use(
                    "command", command.words, command.role.value, RequestKind.COMMAND, {**body, "text": rest}, True
                )
            else:
                yield Use("command", command.words, command.role.value, RequestKind.COMMAND, body)
        for action in registry.actions.values():
            control = b.Control(self.record(action.id, number), 1, DETAILS.get(action.id, ""))
            body = {"actions": [{"action_id": action.id, "value": str(control)}], "channel": {"id": HERE}}
            yield Use(
                "action",
                action.id,
                ANYBODY if action.outside else action.role.value,
                RequestKind.ACTION,
                body,
                bool(action.opens and not action.choice),
            )
        for shortcut in registry.shortcuts.values():
            body = {"callback_id": shortcut.id, "message": {"ts": "1.0"}, "channel": {"id": HERE}}
            yield Use("shortcut", shortcut.id, shortcut.role.value, RequestKind.SHORTCUT, body, True)
        for source in registry.sources.values():
            for query in ("", *words.values()):
                yield Use(
                    "options",
                    source.id,
                    source.role.value,
                    RequestKind.OPTIONS,
                    {"action_id": source.id, "value": query},
                )
        for view in registry.views.values():
            opening = self.opening(view, number)
            yield opening
            if view.submitted:
                filled = view_of(self.does(opening, workspace, user_id))
                yield Use("view", view.id, _role(view), RequestKind.VIEW, {"view": entered(view, filled)})

    def opening(self, view: View, number: int) -> Use:
        """Return the use that fills a modal; fail where nothing opens it."""
        # A menu that opens a modal does so for one of its choices only.
        for action in sorted(self.registry.actions.values(), key=lambda one: one.choice):
            if action.opens is view:
                control = b.Control(self.record(view.id, number), 1, action.choice or DETAILS.get(view.id, ""))
                body = {"actions": [{"action_id": action.id, "value": str(control)}], "channel": {"id": HERE}}
                return Use("view", view.id, _role(view), RequestKind.ACTION, body, True)
        for command in self.registry.commands.values():
            if command.opens is view:
                slash, _space, rest = self.registry.spell(command.words).partition(" ")
                body = {"command": slash, "text": rest, "channel_id": HERE}
                return Use("view", view.id, view.role.value, RequestKind.COMMAND, body, True)
        shortcut = next(one for one in self.registry.shortcuts.values() if one.opens is view)
        body = {"callback_id": shortcut.id, "message": {"ts": "1.0"}, "channel": {"id": HERE}}
        return Use("view", view.id, view.role.value, RequestKind.SHORTCUT, body, True)

    def record(self, control: str, number: int) -> str:
        """Return the reference of a record that this control may refer to; what is new is for a customer."""
        if control.endswith(".new"):
            return f"C-{number}"
        return f"{NOUNS.get(control.partition('.')[0], 'C')}-{number}"


def _role(view: View) -> str:
    return ANYBODY if view.outside else view.role.value


def _typed(example: str, words: Mapping[str, str]) -> str:
    for word, instead in words.items():
        example = re.sub(rf"(?<![\w-]){word}(?![\w-])", instead, example, flags=re.IGNORECASE)
    return example


def entered(view: View, filled: Mapping[str, Any]) -> dict[str, Any]:
    """Return a filled modal as it is submitted, with what it begins with or else something in every field that asks."""
    values: dict[str, Any] = {}
    for block in filled.get("blocks", ()):
        if block["type"] == "input":
            element = block["element"]
            values[block["block_id"]] = {element.get("action_id", "x"): _something(element, block.get("optional"))}
    return {
        "type": "modal",
        "callback_id": view.id,
        "private_metadata": filled.get("private_metadata", Origin().dump()),
        "blocks": filled.get("blocks", []),
        "state": {"values": values},
    }


def _something(element: Mapping[str, Any], optional: bool | None) -> dict[str, Any]:
    kind = element["type"]
    chosen = element.get("initial_option") or next(iter(element.get("options", ())), None)
    states: dict[str, dict[str, Any]] = {
        "plain_text_input": {"value": element.get("initial_value") or ("" if optional else "Something new")},
        "users_select": {"selected_user": element.get("initial_user") or "UREP"},
        "datepicker": {"selected_date": element.get("initial_date") or "2031-05-01"},
        "timepicker": {"selected_time": element.get("initial_time") or "09:00"},
        "conversations_select": {"selected_conversation": element.get("initial_conversation")},
        "channels_select": {"selected_channel": element.get("initial_channel")},
        "checkboxes": {"selected_options": element.get("initial_options", [])},
    }
    return {"type": kind, **states.get(kind, {"selected_option": chosen})}


def furnish(database: Database, workspace: str, word: str, copies: int = 1) -> None:
    """Store so many of every record, of UADMIN's, in the names of which is the word."""
    soon = datetime.now(UTC) + timedelta(days=2)
    with (
        database.transaction(workspace) as session,
        history.recording(session, actor_id="UADMIN", source="test", request_key=f"furnish {word}"),
    ):
        workspaces.install(session, bot_id="B1")
        own = noun_definitions.define(session, name=f"Site {word}")
        field_definitions.define(session, customers.CUSTOMER, name=f"Rival {word}", type="record", links_to=own.key)
        hook = webhooks.add(session, url=f"https://{word}.example/in", patterns=["*"], name="Finch hook")
        occurrences.test(session, hook)
        site = lifecycle.add(session, schema.of(session).nouns[own.key], {"name": f"Finch site {word}"})
        notes.add(session, site, f"Noted {word}")
        for number in range(1, copies + 1):
            mine = customers.add(
                session, name=f"Finch {word} {number}", domain=f"{word}{number}.example", owner_id="UADMIN"
            )
            contacts.add(session, name=f"Fiona {word} {number}", customer_id=mine.id)
            deal = deals.add(session, name=f"Finch deal {word} {number}", customer_id=mine.id, owner_id="UADMIN")
            ticket = tickets.add(
                session, name=f"Finch ticket {word} {number}", customer_id=mine.id, assignee_id="UADMIN"
            )
            for record in (mine, deal, ticket):
                notes.add(session, record, f"Noted {word} {number}")
            followups.add(session, text=f"Call {word} {number}", due_at=soon, zone="UTC", owner_id="UADMIN", about=deal)
            schedules.add(session, name=f"Digest {word} {number}", at_time=time(9), zone="UTC", owner_id="UADMIN")
            rows = [b"Company\n"]
            table = requests.receive(session, f"{word}.csv", rows, actor_id="UADMIN", renderer="transfer.card")
            table.mapping = ColumnMapping("customer", "file", (MappedColumn("Company", "name"),)).to_json()
            table.state, table.checked = "drawn up", {"counts": {"added": 1}}
            channel = channels.seen(session, f"C0{word.upper()}{number}", name=f"ext-{word}-{number}")
            channels.link(session, channel.id, mine.id)


def id_of(name: str) -> str:
    return "U" + re.sub(r"\W", "", name).upper()


def said(answer: Answer) -> str:
    """Return all that a person could read in an answer."""
    return "\n".join(str(part) for part in dump(answer).values())


def is_refused(answer: Answer, role: str) -> bool:
    """Tell whether an answer is the sentence that this role is needed, and nothing besides."""
    sentence = f"This needs the role {role}."
    first = text_of(answer) or next(iter(errors_of(answer).values()), "")
    return is_failure(answer) and first.startswith(sentence)
