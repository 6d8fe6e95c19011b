"""Show of every handler that those whose role it names may use it, and that nobody else's use has an effect."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, time, timedelta
from typing import Any

import pytest
from slack_sdk.models.blocks import Block
from sqlalchemy import text

from bot.cli.reference import pages
from bot.kit import blocks as b
from bot.kit.replies import Message, Modal
from bot.plugin import Plugin, Role, Section, View
from bot.registry import Registry
from bot.requests.actors import People
from bot.requests.answer import Answer, dump
from bot.requests.home import HomeView
from bot.requests.request import Origin, Request, RequestKind, read
from bot.requests.runtime import Runtime
from bot.slack.clients import Installations
from storage.crm import contacts, customers, deals, followups, notes
from storage.database.engine import Database
from storage.digests import schedules
from storage.records import history
from storage.support import channels, tickets
from storage.workspace import members as people
from storage.workspace import workspaces
from storage.workspace.members import Member
from tests.bot.conftest import Company
from tests.support.answers import errors_of, is_failure, text_of, view_of
from tests.support.contents import Contents
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
NOBODYS = {"digest_sections", "events", "jobs", "listeners", "renderers", "nouns", "derived"}
"""What is not run for the person who asks."""
NOUNS = {"customers": "C", "deals": "D", "tickets": "T", "triage": "T", "followups": "F", "digests": "G"}
NOUNS |= {"records": "P", "contacts": "P"}
DETAILS = {"digests.behind": "open 0 4000000000", "followups.snooze": "1h", "deals.page": "", "tickets.page": ""}
DETAILS |= {"records.page": "contact [0]", "records.more": "archive", "records.new": "contact"}
DETAILS |= {"records.add_anyway": '["contact", {"name": "Fiona"}]'}
HERE = "C0HERE"
numbers = itertools.count(1)


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

    def __init__(self, database: Database, registry: Registry) -> None:
        installations = Installations(database, api_url="http://127.0.0.1:9/api/", vault=None, token=None)
        self.database, self.registry = database, registry
        self.people = People(database, lambda _workspace: Somewhere())
        models = small_models()
        self.runtime = Runtime(database, registry, self.people, lambda _workspace: Somewhere(), model=models.of)
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
                action.role.value,
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
                yield Use("view", view.id, view.role.value, RequestKind.VIEW, {"view": _entered(view, filled)})

    def opening(self, view: View, number: int) -> Use:
        """Return the use that fills a modal; fail where nothing opens it."""
        for action in self.registry.actions.values():
            # A menu that opens a modal does so for one of its choices only.
            if action.opens is view and not action.choice:
                control = b.Control(self.record(view.id, number), 1, DETAILS.get(view.id, ""))
                body = {"actions": [{"action_id": action.id, "value": str(control)}], "channel": {"id": HERE}}
                return Use("view", view.id, view.role.value, RequestKind.ACTION, body, True)
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


def _typed(example: str, words: Mapping[str, str]) -> str:
    for word, instead in words.items():
        example = re.sub(rf"(?<![\w-]){word}(?![\w-])", instead, example, flags=re.IGNORECASE)
    return example


def _entered(view: View, filled: Mapping[str, Any]) -> dict[str, Any]:
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
            channel = channels.seen(session, f"C0{word.upper()}{number}", name=f"ext-{word}-{number}")
            channels.link(session, channel.id, mine.id)


WORDS = {
    "acme corp": "Heron Sails",
    "acme": "Finch",
    "globx": "Finch",
    "D-88": "D-1",
    "T-1042": "T-1",
    "#[a-z-]+": f"<#{HERE}|here>",
}
WORDS |= {"P-1": "P-1", "@jane": "", "@rita": "<@UREP>", "@mara": "<@UMANAGER>", "@rosa": "<@UAGENT>"}
"""What the commands' examples name, and what there is of it here."""


@pytest.fixture(scope="module")
def registry_with_all(registry: Registry) -> Registry:
    """Return every plugin there is, and one with what none of them declares yet."""
    plugin = Plugin("extra", title="Extra")

    @plugin.view("form", title="Extra", role=Role.MANAGER)
    def form() -> Modal:
        """Ask for nothing."""
        return Modal("Extra", [b.section("Nothing")])

    @form.submit
    def save() -> Message:
        """Say so."""
        return Message("Saved.")

    plugin.shortcut("global", form, title="Extra")
    plugin.shortcut("message", form, title="Extra of this", on_message=True)
    return Registry([*registry.plugins.values(), plugin])


@pytest.fixture
def office(database: Database, registry_with_all: Registry, workspace: str) -> Office:
    """Furnish a workspace in which everybody is."""
    with database.transaction(workspace) as session:
        for name, what in STRANGERS.items():
            session.merge(Member(**{"workspace_id": workspace, "id": _id(name), "name": name, "roles": [], **what}))
        channels.seen(session, HERE, name="here")
    furnish(database, workspace, "quartz")
    return Office(database, registry_with_all)


def _id(name: str) -> str:
    return "U" + re.sub(r"\W", "", name).upper()


def said(answer: Answer) -> str:
    """Return all that a person could read in an answer."""
    return "\n".join(str(part) for part in dump(answer).values())


def is_refused(answer: Answer, role: str) -> bool:
    """Tell whether an answer is the sentence that this role is needed, and nothing besides."""
    sentence = f"This needs the role {role}."
    first = text_of(answer) or next(iter(errors_of(answer).values()), "")
    return is_failure(answer) and first.startswith(sentence)


def test_every_handler_is_in_the_matrix_and_on_the_page(registry_with_all: Registry) -> None:
    declared: set[tuple[str, str, str]] = set()
    for plugin in registry_with_all.plugins.values():
        declared |= {("command", c.words, c.role) for c in registry_with_all.commands_of(plugin)}
        declared |= {("action", a.id, a.role) for a in plugin.actions}
        declared |= {("view", v.id, v.role) for v in plugin.views}
        declared |= {("options", s.id, s.role) for s in plugin.sources}
        declared |= {("shortcut", s.id, s.role) for s in plugin.shortcuts}
        declared |= {("home", s.id, s.role) for s in plugin.sections}
    assert set(registry_with_all.roles()) == declared
    page = pages(registry_with_all)["roles.md"]
    rows = re.findall(r"^\| (\w+) \| `([^`]+)` \| (\w+) \|$", page, re.MULTILINE)
    assert {(kind, name, role) for kind, name, role in rows} == declared
    assert len(rows) == len(declared)


def test_no_kind_of_declaration_escapes_the_matrix() -> None:
    kinds = {field.name for field in fields(Plugin) if str(field.type).startswith("list[")}
    assert kinds == {"commands", "actions", "views", "sources", "shortcuts", "sections"} | NOBODYS


def test_each_opener_asks_for_the_role_of_what_it_opens(registry_with_all: Registry) -> None:
    openers: list[Any] = [*registry_with_all.commands.values(), *registry_with_all.actions.values()]
    openers += registry_with_all.shortcuts.values()
    assert [one for one in openers if one.opens and one.opens.role is not one.role] == []


def test_what_is_tried_is_the_whole_matrix(office: Office, workspace: str) -> None:
    tried = {(use.kind, use.name, use.role) for use in office.uses(workspace, "UADMIN", words=WORDS)}
    assert tried == {row for row in office.registry.roles() if row[0] != "home"}


@pytest.mark.parametrize("role", STAFF)
def test_our_own_people_may_do_what_their_role_says(
    office: Office, workspace: str, contents: Contents, role: str, caplog: pytest.LogCaptureFixture
) -> None:
    uses = list(office.uses(workspace, "UADMIN", words=WORDS))
    before = contents.of(workspace)
    person = f"U{role.upper()}"
    forbidden = [use for use in uses if use.role not in STAFF[role]]
    assert [u for u in forbidden if not is_refused(office.does(u, workspace, person), u.role)] == []
    assert contents.of(workspace) == before
    caplog.clear()
    wrong = []
    for use in uses:
        if use.role in STAFF[role]:
            answer = office.does(use, workspace, person)
            if is_refused(answer, use.role) or "on our side" in said(answer):
                wrong.append((use.name, text_of(answer)))
    assert wrong == []
    assert [record.getMessage() for record in caplog.records if record.levelname == "ERROR"] == []


@pytest.mark.parametrize("who", STRANGERS)
def test_nobody_else_may_do_anything(office: Office, workspace: str, contents: Contents, who: str) -> None:
    uses = list(office.uses(workspace, "UADMIN", words=WORDS))
    before = contents.of(workspace)
    assert [u for u in uses if not is_refused(office.does(u, workspace, _id(who)), u.role)] == []
    assert contents.of(workspace) == before


@pytest.mark.parametrize("who", [*STAFF, *STRANGERS])
def test_the_home_holds_the_sections_of_ones_roles(office: Office, workspace: str, who: str) -> None:
    marked = [
        replace(plugin, sections=[replace(section, handler=_mark(section)) for section in plugin.sections])
        for plugin in office.registry.plugins.values()
    ]
    marks = Office(office.database, Registry(marked))
    known = marks.people.find(workspace, _id(who))
    drawn = " ".join(str(block.to_dict()) for block in marks.home.draw(known))
    mine = STAFF.get(who, set())
    assert set(re.findall(r"drawn (\S+) here", drawn)) == {s.id for s in office.registry.sections if s.role in mine}
    real = " ".join(str(block.to_dict()) for block in office.home.draw(known))
    assert "could not be shown" not in real
    assert who in STAFF or "quartz" not in real


def _mark(section: Section) -> Callable[[], list[Block]]:
    def drawn() -> list[Block]:
        """Draw a mark."""
        return [b.section(f"drawn {section.id} here")]

    return drawn


def test_an_admin_s_uses_have_effects(office: Office, workspace: str) -> None:
    """Without effects where they are allowed, it would say nothing that there are none where they are not."""
    for use in list(office.uses(workspace, "UADMIN", words=WORDS)):
        office.does(use, workspace, "UADMIN")
    with office.database.transaction(workspace) as session:
        sources = set(session.scalars(text("SELECT source FROM change_set WHERE actor_id = 'UADMIN'")))
    assert {
        "/customer add",
        "/deal won",
        "/ticket assign",
        "/role",
        "customers.new",
        "deals.new",
        "tickets.new",
    } <= sources


def test_a_role_taken_away_counts_at_once(office: Office, workspace: str) -> None:
    use = Use("command", "customer add", "rep", RequestKind.COMMAND, {"command": "/customer", "text": "add Heron"})
    assert not is_failure(office.does(use, workspace, "UREP"))
    with office.database.transaction(workspace) as session:
        member = people.get(session, "UREP")
        assert member is not None
        people.set_roles(session, member, [Role.VIEWER])
    office.people.forget(workspace, "UREP")
    assert is_refused(office.does(use, workspace, "UREP"), "rep")


def test_a_rep_who_clicks_a_managers_copied_button_is_refused(company: Company) -> None:
    company.gives("manager", "manager")
    with company.database.transaction(company.workspace) as session:
        schedules.add(session, name="Monday", at_time=time(9), zone="UTC", owner_id="UAMANAGER")
    company.manager.types("/digest list share:yes", channel="CGENERAL")
    company.rep.sees("Monday", channel="CGENERAL")
    company.rep.clicks("Pause", channel="CGENERAL")
    company.rep.sees("This needs the role manager.", channel="CGENERAL")
    company.settles()
    with company.database.transaction(company.workspace) as session:
        assert schedules.resolve(session, "G-1").active
        assert session.scalar(text("SELECT count(*) FROM change_set WHERE actor_id = 'UAREP'")) == 0
    company.manager.clicks("Pause", channel="CGENERAL")
    company.settles()
    with company.database.transaction(company.workspace) as session:
        assert not schedules.resolve(session, "G-1").active
