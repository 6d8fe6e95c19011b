"""Show of every handler that those whose role it names may use it, and that nobody else's use has an effect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import fields, replace
from datetime import time
from typing import Any

import pytest
from slack_sdk.models.blocks import Block
from sqlalchemy import text

from bot.cli.reference import pages
from bot.kit import blocks as b
from bot.kit.replies import Message, Modal
from bot.plugin import Plugin, Role, Section
from bot.registry import ANYBODY, Registry
from bot.requests.request import RequestKind
from storage.database.engine import Database
from storage.digests import schedules
from storage.support import channels
from storage.workspace import members as people
from storage.workspace.members import Member
from tests.support.answers import is_failure, text_of
from tests.support.company import Company
from tests.support.contents import Contents
from tests.support.office import HERE, STAFF, STRANGERS, WORDS, Office, Use, furnish, id_of, is_refused, said

NOBODYS = {"digest_sections", "events", "jobs", "listeners", "renderers", "nouns", "derived", "renamed"}
NOBODYS |= {"slashes", "given_fields", "settings", "card_sections", "routes", "hooks", "mergings", "checks", "metrics"}
NOBODYS |= {"samples", "figures"}
"""What is not run for the person who asks."""


@pytest.fixture(scope="module")
def registry_with_all(registry: Registry) -> Registry:
    """Return every plugin there is, and one with what none of them declares yet."""
    plugin = Plugin("extra", contract=2, title="Extra")

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
            session.merge(Member(**{"workspace_id": workspace, "id": id_of(name), "name": name, "roles": [], **what}))
        channels.seen(session, HERE, name="here")
    furnish(database, workspace, "quartz")
    return Office(database, registry_with_all)


def test_every_handler_is_in_the_matrix_and_on_the_page(registry_with_all: Registry) -> None:
    declared: set[tuple[str, str, str]] = set()
    for plugin in registry_with_all.plugins.values():
        declared |= {("command", c.words, c.role) for c in registry_with_all.commands_of(plugin)}
        declared |= {("action", a.id, ANYBODY if a.outside else a.role) for a in plugin.actions}
        declared |= {("view", v.id, ANYBODY if v.outside else v.role) for v in plugin.views}
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
    assert [one for one in registry_with_all.actions.values() if one.opens and one.opens.outside != one.outside] == []


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
    forbidden = [use for use in uses if use.role not in {*STAFF[role], ANYBODY}]
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
    """Find that what anybody may use asks itself who may, and that the rest asks for a role."""
    uses = list(office.uses(workspace, "UADMIN", words=WORDS))
    before = contents.of(workspace)
    answers = [(use, office.does(use, workspace, id_of(who))) for use in uses]
    assert [use for use, said_ in answers if use.role != ANYBODY and not is_refused(said_, use.role)] == []
    open_to_all = {use.name: text_of(said_) for use, said_ in answers if use.role == ANYBODY}
    assert set(open_to_all) == {"triage.rate", "triage.rating_words"}
    assert set(open_to_all.values()) <= {"Only who was asked can answer this.", "This question is no longer there."}
    assert contents.of(workspace) == before


@pytest.mark.parametrize("who", [*STAFF, *STRANGERS])
def test_the_home_holds_the_sections_of_ones_roles(office: Office, workspace: str, who: str) -> None:
    marked = [
        replace(plugin, sections=[replace(section, handler=_mark(section)) for section in plugin.sections])
        for plugin in office.registry.plugins.values()
    ]
    marks = Office(office.database, Registry(marked))
    known = marks.people.find(workspace, id_of(who))
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
        "records.new",
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
