"""Hold one conversation with every noun, surface by surface: what follows from a declaration follows for all."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest

from bot.registry import Registry
from sandbox.control.client import Person
from tests.support.company import Company
from tests.support.files_sent import DM, files
from tests.support.nouns import QUOTE, TOLD, Told
from tests.support.waiting import until

FIRST, SECOND = "Harbor Lines", "Wharf Works"
INSTALLED = "tests.plugins.installed"
MORE = {"storage/database/test_migrate.py": 1, "api/test_every_noun.py": 3}
"""How many tests elsewhere show that migrations make what models describe, and that programs do what people do."""


@pytest.fixture(params=[QUOTE] if INSTALLED in sys.modules else TOLD, ids=lambda told: str(told.key))
def told(request: pytest.FixtureRequest, company: Company) -> Told:
    """Say what is to be known of a noun, which an admin makes first if it is to be a workspace's own."""
    told: Told = request.param
    for line in told.made:
        company.admin.types(line, channel="CGENERAL")
    # What a workspace has made its own is known from then on.
    company.rep.types("/crm help")
    return told


@pytest.fixture
def two(rep: Person, told: Told) -> Person:
    """Add two records of the noun, the first with the value of a field."""
    rep.types(told.typed("add", f"{FIRST} {told.with_it}"))
    rep.types(told.typed("add", SECOND))
    return rep


def test_add_and_card(rep: Person, told: Told) -> None:
    added = rep.types(told.typed("add", f"{FIRST} {told.with_it}")).text
    shown = ("Added.", FIRST, told.reference(), told.field, told.read, "Note", "Follow up", "Edit")
    assert [part for part in shown if part not in added] == []


def test_form(rep: Person, told: Told) -> None:
    rep.types(f"/crm {told.key}")
    until(lambda: f"New {told.key}" in str(rep.modal))
    rep.submits({"Name": FIRST, told.field: told.entered})
    assert told.shown in rep.sees("Added.")


def test_twins(two: Person, told: Told) -> None:
    asked = two.types(told.typed("add", FIRST.upper())).text
    assert "nothing has been added yet" in asked and told.reference() in asked
    assert "There is no" in two.types(told.typed("show", told.reference(3))).text
    two.clicks("Add anyway")
    two.sees(told.reference(3))


def test_show_and_bare_reference(two: Person, told: Told) -> None:
    for typed in (
        told.typed("show", FIRST),
        told.typed("show", "harbor"),
        told.typed("show", f"({told.reference().lower()})."),
        f"/crm show {told.reference()}",
        f"/crm show {FIRST}",
        f"/crm {told.reference()}",
        f"/crm {told.key} {told.reference()}",
        f"/crm {told.key} harbor",
    ):
        shown = two.types(typed).text
        assert FIRST in shown and told.read in shown, typed


def test_find_and_search(two: Person, told: Told) -> None:
    for typed in (told.typed("find", "harbro"), "/crm find harbro", f"/crm find {told.reference()}"):
        found = two.types(typed).text
        assert FIRST in found and SECOND not in found, typed
        two.clicks("Show")
        assert told.read in two.sees("Follow up")
    assert "Add it" in two.types(told.typed("find", "qqqq")).text


def test_list_filter_and_sort(two: Person, told: Told) -> None:
    listed = two.types(told.typed("list")).text
    assert listed.index(FIRST) < listed.index(SECOND)
    few = two.types(told.typed("list", told.few)).text
    assert FIRST in few and SECOND not in few
    turned = two.types(told.typed("list", "sort:-name")).text
    assert turned.index(SECOND) < turned.index(FIRST)
    both = two.types(told.typed("list", f"created>=today {told.few} {told.sort}")).text
    assert FIRST in both and SECOND not in both
    assert "There is no salary" in two.types(told.typed("list", "salary>10")).text
    for number in range(10):
        two.types(told.typed("add", f"Number {number}{number} {'abcdefghij'[number] * 5}"))
    assert "Wharf" not in two.types(told.typed("list", told.order)).text
    two.clicks("More")
    two.sees(SECOND)


def test_edit_in_words_and_in_a_form(two: Person, told: Told) -> None:
    edited = two.types(told.typed("edit", f"{told.reference()} {told.edit}")).text
    assert "Saved." in edited and told.edited in edited
    assert told.edited not in two.types(told.typed("edit", f"{told.reference()} {told.edit.split(':')[0]}:none")).text
    two.clicks("Edit")
    two.submits({told.field: told.entered})
    two.sees(told.shown)
    assert told.shown in two.types(told.typed("show", told.reference())).text


def test_two_people_edit_at_once(company: Company, two: Person, told: Told) -> None:
    two.types(told.typed("show", told.reference()))
    two.clicks("Edit")
    company.agent.types(told.typed("show", told.reference()))
    company.agent.clicks("Edit")
    company.agent.submits(Name="Changed first")
    company.agent.sees("Saved.")
    two.submits(Name="Changed last")
    asked = two.sees("was quicker")
    assert "Changed first" in asked and "Nothing is saved yet." in asked
    assert "Changed first" in company.agent.types(told.typed("show", told.reference())).text
    two.submits()
    two.sees("Saved.")
    assert "Changed last" in two.types(told.typed("show", told.reference())).text


def test_notes(two: Person, told: Told) -> None:
    assert "Noted on" in two.types(told.typed("note", f"{told.reference()} likes short calls")).text
    assert "likes short calls" in two.types(told.typed("show", told.reference())).text
    two.clicks("Note")
    two.submits(Note="asked for blue")
    assert "likes short calls" in two.sees("asked for blue")


def test_followups(two: Person, told: Told) -> None:
    promised = two.types(f'/followup add {told.reference()} when:"in 3 days" call back').text
    assert FIRST in promised and "remind" in promised
    assert told.read in two.types("/followup show F-1").text
    two.clicks("Show")
    two.sees("Edit")
    two.types(f"/followup add {FIRST} when:tomorrow")
    assert FIRST in two.types("/followup list").text
    two.types(told.typed("show", told.reference(2)))
    two.clicks("Follow up")
    two.submits({"What to do": "send it"})
    assert SECOND in two.sees("send it")


def test_typeahead(two: Person, told: Told) -> None:
    two.types("/followup")
    assert two.types_option("About", "harb").options == [f"{FIRST} ({told.reference()})"]


def test_history_and_timeline_labels(two: Person, told: Told) -> None:
    two.types(told.typed("edit", f"{told.reference()} {told.edit}"))
    two.types(told.typed("note", f"{told.reference()} likes short calls"))
    for typed in (told.typed("history", told.reference()), f"/crm history {FIRST}", f"/crm history {told.reference()}"):
        said = plain(two.types(typed).text)
        assert f"{told.field}: {told.read} → {told.edited}" in said, typed
        assert f"{told.called}: {FIRST}" in said and "added a note" in said, typed
        assert not any(internal in said for internal in ("key", "Key", "minor", "Currency", "About")), said


def test_undo(two: Person, told: Told) -> None:
    two.types(told.typed("edit", f"{told.reference()} {told.edit}"))
    assert told.read in plain(two.types("/crm undo").text)
    assert told.read in two.types(told.typed("show", told.reference())).text
    assert SECOND in two.types("/crm undo").text
    assert "There is no" in two.types(told.typed("show", told.reference(2))).text
    two.types(told.typed("note", f"{told.reference()} likes short calls"))
    two.types("/crm undo")
    assert "likes short calls" not in two.types(told.typed("show", told.reference())).text


def test_archive_and_restore(two: Person, told: Told) -> None:
    if told.ends:
        assert "is still open" in two.types(told.typed("archive", FIRST)).text
        two.types(told.typed(told.ends, FIRST))
    assert "is archived" in two.types(told.typed("archive", FIRST)).text
    assert FIRST not in two.types(told.typed("list", told.ended)).text
    assert "Nothing has a name like" in two.types("/crm find harbor").text
    assert "Archived" in two.types(told.typed("show", told.reference())).text
    assert "is back" in two.types(told.typed("restore", told.reference())).text
    assert FIRST in two.types(told.typed("list", told.ended)).text
    two.types(told.typed("archive", FIRST))
    two.types("/crm undo")
    assert FIRST in two.types(told.typed("list", told.ended)).text


def test_merge(two: Person, told: Told) -> None:
    two.types(told.typed("note", f"{told.reference()} likes short calls"))
    two.types(f"/followup add {told.reference()} when:tomorrow call back")
    merged = two.types(told.typed("merge", f"{told.reference()} into {told.reference(2)}")).text
    assert all(part in merged for part in ("is part of this one now", SECOND, told.read, "likes short calls"))
    assert SECOND in two.types(told.typed("show", told.reference())).text
    assert SECOND in two.types("/followup show F-1").text
    assert FIRST not in two.types(told.typed("list")).text
    two.types("/crm undo")
    assert "likes short calls" in two.types(told.typed("show", told.reference())).text
    assert "likes short calls" not in two.types(told.typed("show", told.reference(2))).text
    assert FIRST in two.types("/followup show F-1").text
    assert "into itself" in two.types(told.typed("merge", f"{told.reference()} into {told.reference()}")).text


def test_help_and_usage(rep: Person, told: Told) -> None:
    assert f"{told.key} add" in rep.types(f"/crm help {told.key}").text
    usage = rep.types(f"/crm help {told.key} add").text
    assert f"[{told.edit.split(':')[0]}:" in usage and f"Add a {told.key}" in usage


def test_export_and_import(company: Company, two: Person, told: Told) -> None:
    assert "2 " in two.types(told.typed("list", "as:csv"), channel=DM).text
    (content,) = files(company, two).values()
    assert FIRST in content.decode("utf-8-sig") and SECOND in content.decode("utf-8-sig")
    two.types(told.typed("edit", f"{told.reference()} {told.edit}"), channel=DM)
    two.sends(f"{told.key}.csv", content, channel=DM)
    two.sees(f"{told.key}.csv*: ", channel=DM)
    two.clicks("Try it", channel=DM)
    two.sees("Would be: 1 changed, 1 left alone", channel=DM)
    two.clicks("Bring them in", channel=DM)
    two.sees(" are in", channel=DM)
    assert told.read in two.types(told.typed("show", told.reference()), channel=DM).text


def test_roles(company: Company, two: Person, told: Told) -> None:
    company.gives("agent", "viewer")
    for verb, rest in {"add": "X", "edit": f"{told.reference()} name:X", "archive": told.reference()}.items():
        assert "needs the role" in company.agent.types(told.typed(verb, rest)).text, verb
    assert FIRST in company.agent.types(told.typed("show", told.reference())).text
    company.agent.clicks("Note")
    until(lambda: "needs the role" in str(company.agent.modal))


def plain(text: str) -> str:
    return text.replace("*", "").replace("`", "")


SURFACES: Mapping[str, Callable[..., None]] = {
    "add": test_add_and_card,
    "show": test_show_and_bare_reference,
    "find": test_find_and_search,
    "list": test_list_filter_and_sort,
    "edit": test_edit_in_words_and_in_a_form,
    "note": test_notes,
    "archive": test_archive_and_restore,
    "restore": test_archive_and_restore,
    "merge": test_merge,
    "history": test_history_and_timeline_labels,
    "": test_form,
    "usage lines": test_help_and_usage,
    "cards with inline controls": test_add_and_card,
    "two people": test_two_people_edit_at_once,
    "list lines": test_list_filter_and_sort,
    "filters and sort": test_list_filter_and_sort,
    "search": test_find_and_search,
    "references wherever one may be typed": test_show_and_bare_reference,
    "typeahead": test_typeahead,
    "follow-ups": test_followups,
    "twins to warn of": test_twins,
    "timeline labels": test_history_and_timeline_labels,
    "undo": test_undo,
    "import and export": test_export_and_import,
    "role matrix": test_roles,
    "help": test_help_and_usage,
}
"""Which test shows what follows from a declaration: the commands by their verbs, then what is no command."""
ELSEWHERE = {
    "docs": "test_house_rules.py::test_the_pages_that_are_derived_from_declarations_are_current",
    "REST routes": "api/test_every_noun.py::test_each_noun_is_served_alone",
    "MCP tools": "api/test_every_noun.py::test_agents_do_with_each_noun_what_programs_do",
    "webhook payloads": "api/test_every_noun.py::test_each_effect_is_one_change_is_told_and_is_undone_in_slack",
}
"""Which test of another file shows what people do not see in a conversation."""
FOLLOWS = (
    ["add", "show", "find", "list", "edit", "note", "archive", "restore", "merge", "history"],
    ("", "usage lines", "cards with inline controls", "list lines", "filters and sort", "search", "typeahead"),
    ("references wherever one may be typed", "follow-ups", "twins to warn of", "timeline labels", "undo", "two people"),
    ("import and export", "role matrix", "help", "docs", "REST routes", "MCP tools", "webhook payloads"),
)
"""What a declaration promises: no test of it may go."""


def test_all_that_follows_from_a_declaration_has_a_test(registry: Registry) -> None:
    derived = {rule.verb for plugin in registry.plugins.values() for rule in plugin.derived}
    promised = {surface for surfaces in FOLLOWS for surface in surfaces}
    assert derived | promised == SURFACES.keys() | ELSEWHERE.keys()
    for test in SURFACES.values():
        assert vars(sys.modules[__name__])[test.__name__] is test
    for address in ELSEWHERE.values():
        path, _colons, name = address.partition("::")
        assert f"def {name}(" in (Path(__file__).parents[1] / path).read_text(), address


def test_the_same_holds_for_the_noun_of_a_plugin_that_is_installed() -> None:
    """Run these tests with the plugin of quotes in a process of its own, as a noun is there from the start on."""
    run = [sys.executable, "-m", "pytest", "-q", "-x", "-p", INSTALLED, "-p", "no:cacheprovider"]
    ran = subprocess.run(
        [*run, __file__, *(str(Path(__file__).parents[1] / one) for one in MORE), "-k", "quote or describe"],
        capture_output=True,
        text=True,
        timeout=600,
    )
    assert ran.returncode == 0, ran.stdout[-4000:]
    assert ran.stdout.split()[0] == "." * (len({*SURFACES.values()}) + sum(MORE.values()))
