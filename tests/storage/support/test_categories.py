"""Show how a workspace adds, names and merges categories, and what it may not."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.errors import Conflict, Duplicate, Invalid
from storage.records import history, lifecycle, named
from storage.support import categories, model_versions, routes, tickets
from storage.support.categories import CATEGORY, Category
from storage.support.labels import resolve

THREE = ["Do you sell to resellers?", "We want 500 pieces", "Bulk prices please"]
TAKEN = {"bug": "Bug or outage", "howto": "How-to"}


def test_a_category_comes_with_examples(session: Session) -> None:
    row = categories.add(session, " Wholesale orders ", [*THREE, "", THREE[0].upper()], taken=TAKEN)
    assert (row.key, row.name) == ("wholesale orders", "Wholesale orders")
    assert [example.text for example in categories.examples_of(session, row.key)] == THREE
    more = categories.add_examples(session, row.key, [THREE[1], "Price for a pallet?"])
    assert [example.text for example in more] == ["Price for a pallet?"]


@pytest.mark.parametrize("name", ["bug", "BUG or outage", "", "x" * 41])
def test_a_name_must_be_new_and_fit_a_menu(session: Session, name: str) -> None:
    with pytest.raises((Duplicate, Invalid)) as refusal:
        categories.add(session, name, THREE, taken=TAKEN)
    assert refusal.value.field == "name"


def test_too_few_examples_are_refused(session: Session) -> None:
    with pytest.raises(Invalid, match="at least 3 examples") as refusal:
        categories.add(session, "Wholesale", [THREE[0], " ", THREE[0]], taken=TAKEN)
    assert refusal.value.field == "examples"
    with pytest.raises(Invalid):
        categories.add(session, "Wholesale", [*THREE, "x" * 20_000], taken=TAKEN)


def test_a_category_that_was_merged_does_not_come_back_by_adding_it(session: Session) -> None:
    row = categories.add(session, "Wholesale", THREE, taken=TAKEN)
    categories.merge(session, row.key, "bug", taken=TAKEN | {row.key: row.name})
    with pytest.raises(Duplicate, match="before"):
        categories.add(session, "wholesale", THREE, taken=TAKEN)


def test_a_category_is_renamed_but_not_to_anothers_name(session: Session) -> None:
    assert categories.rename(session, "bug", "Defects", taken=TAKEN).name == "Defects"
    assert categories.rename(session, "bug", "defects", taken=TAKEN | {"bug": "Defects"}).name == "defects"
    with pytest.raises(Duplicate):
        categories.rename(session, "bug", "How-To", taken=TAKEN)


def test_merges_are_followed_and_never_go_in_a_circle(session: Session) -> None:
    categories.merge(session, "bug", "howto", taken=TAKEN)
    assert resolve(categories.merges(session), "bug") == "howto"
    with pytest.raises(Conflict):
        categories.merge(session, "howto", "bug", taken=TAKEN)
    with pytest.raises(Conflict):
        categories.merge(session, "howto", "howto", taken=TAKEN)
    assert resolve({"a": "b", "b": "a"}, "a") == "b"


def test_a_merge_is_undone(session: Session) -> None:
    with history.recording(session, actor_id="UMANAGER", source="test"):
        categories.merge(session, "bug", "howto", taken=TAKEN)
    with history.recording(session, actor_id="UMANAGER", source="test"):
        history.undo(session, "UMANAGER")
    assert categories.merges(session) == {}


def test_what_comes_with_the_product_is_there_once_and_nobodys_change(session: Session) -> None:
    categories.rename(session, "bug", "Defects", taken=TAKEN)
    with history.recording(session, actor_id="UMANAGER", source="test"):
        for _ in range(2):
            categories.begin(session, TAKEN)
    assert [(one.key, one.name, one.is_shipped) for one in categories.all_of(session)] == [
        ("bug", "Defects", False),
        ("howto", "How-to", True),
    ]
    assert history.recent(session, "UMANAGER") == []


def test_the_examples_are_a_field(session: Session) -> None:
    made = lifecycle.add(session, CATEGORY, {"name": "Wholesale", "examples": "\n".join(THREE)})
    assert isinstance(made, Category)
    assert (made.reference, made.key, made.examples) == (f"CA-{made.id}", "wholesale", "\n".join(THREE))
    before = made.version
    lifecycle.change(session, CATEGORY, made, {"examples": f"{THREE[0]}\nPrice for a pallet?"})
    assert made.examples == f"{THREE[0]}\nPrice for a pallet?" and made.version > before
    with pytest.raises(Invalid, match="at least 3"):
        lifecycle.add(session, CATEGORY, {"name": "Press"})
    for taken in ("wholesale", "Not a request"):
        with pytest.raises(Duplicate):
            lifecycle.add(session, CATEGORY, {"name": taken, "examples": "\n".join(THREE)})


def test_a_category_in_use_is_not_archived(session: Session) -> None:
    categories.begin(session, TAKEN)
    bug = categories.by_key(session, "bug")
    howto = categories.by_key(session, "howto")
    assert bug and howto
    ticket = tickets.add(session, name="It fails", category="bug")
    with pytest.raises(Conflict, match=ticket.reference):
        lifecycle.archive(session, bug)
    tickets.set_status(session, ticket, "resolved")
    route = routes.add(session, category="bug", channel_id="C1")
    with pytest.raises(Conflict, match="route bug"):
        lifecycle.archive(session, bug)
    routes.remove(session, route)
    assert lifecycle.archive(session, bug)
    assert model_versions.standing(session).archived == {"bug"}
    with pytest.raises(Conflict, match="the only category"):
        lifecycle.archive(session, howto)
    with pytest.raises(Duplicate):
        lifecycle.change(session, CATEGORY, howto, {"name": "Bug or outage"})
    assert lifecycle.restore(session, bug)
    assert model_versions.standing(session).archived == frozenset()


def test_a_merge_of_records_takes_routes_along_and_is_undone_whole(session: Session) -> None:
    categories.begin(session, TAKEN)
    bug, howto = (named.resolve(session, Category, name) for name in TAKEN.values())
    routes.add(session, category="bug", channel_id="C1")
    with history.recording(session, actor_id="UMANAGER", source="test"):
        assert lifecycle.merge(session, CATEGORY, bug, howto) is howto
    assert named.resolve(session, Category, bug.reference) is howto
    assert categories.merges(session) == {"bug": "howto"}
    assert [one.category for one in routes.list_routes(session)] == ["howto"]
    with history.recording(session, actor_id="UMANAGER", source="test"):
        history.undo(session, "UMANAGER")
    assert named.resolve(session, Category, bug.reference) is bug
    assert [one.category for one in routes.list_routes(session)] == ["bug"]


def test_what_the_release_before_writes_is_known_by_number_and_name(session: Session) -> None:
    here = {"w": session.info["workspace"]}
    session.execute(text("INSERT INTO category (workspace_id, key, name) VALUES (:w, 'bug', 'Bug')"), here)
    session.execute(text("UPDATE category SET name = 'DEFECTS' WHERE key = 'bug'"))
    bug = named.resolve(session, Category, "defects")
    # Into one that has no row yet.
    session.execute(text("UPDATE category SET merged_into = 'howto' WHERE key = 'bug'"))
    categories.begin(session, TAKEN)
    session.expire_all()
    howto = categories.by_key(session, "howto")
    assert howto and named.get(session, Category, bug.id) is howto
    session.execute(text("UPDATE category SET merged_into = NULL WHERE key = 'bug'"))
    session.expire_all()
    assert named.get(session, Category, bug.id) is bug
