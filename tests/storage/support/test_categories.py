"""Show how a workspace adds, names and merges categories, and what it may not."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from storage.errors import Conflict, Duplicate, Invalid
from storage.records import history
from storage.support import categories
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
