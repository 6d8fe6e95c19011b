"""Show that a whole workspace comes out and in again as it was, whatever is written in it."""

from __future__ import annotations

import json
import zipfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select, text

from storage.crm import contacts, customers, deals, followups, notes
from storage.crm.contacts import CONTACT
from storage.crm.customers import CUSTOMER, Customer
from storage.crm.deals import Deal
from storage.database.engine import Database
from storage.errors import Conflict, CrmError
from storage.money import Money
from storage.records import history, lifecycle, schema
from storage.records.history import recording
from storage.records.schema import field_definitions, noun_definitions
from storage.transfer import archives
from storage.transfer.exports.archive import write_workspace
from storage.transfer.exports.data import MANIFEST
from storage.workspace.members import Member
from tests.support.tables import Desk

FORGET = "TRUNCATE customer, contact, deal, ticket, own_record, note, followup, due, activity, change_set, field, noun,"
FORGET += " counter, record, name_word, stage, pipeline CASCADE"
MOST_SEATS = (2**63 - 1) // 10**4
"""A number of the workspace's own has four decimals, and is kept as a whole one."""
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), min_size=1, max_size=40)


def furnish(desk: Desk, names: list[str], seats: int) -> None:
    """Give a workspace something of everything, with these names."""
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UADMIN", source="slash"):
        noun_definitions.define(session, name="Site", plural="Sites", key="site")
        field_definitions.define(session, CUSTOMER, name="Seats", type="number")
        field_definitions.define(session, CONTACT, name="Says", type="long")
    nouns = desk.nouns
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UREP", source="slash"):
        first = lifecycle.add(session, nouns["customer"], {"name": "First", "seats": seats, "owner": "UREP"})
        second = customers.add(session, name="Second", domain="acme.example")
        lifecycle.merge(session, nouns["customer"], first, second)
        pilot = deals.add(session, name="Pilot", amount=Money(120050, "EUR"), customer_id=second.id, owner_id="UREP")
        deals.win(session, pilot)
        for name in names:
            try:
                with session.begin_nested():
                    lifecycle.add(session, nouns["site"], {"name": name})
                    person = lifecycle.add(session, nouns["contact"], {"name": name, "says": name})
                    notes.add(session, person, name)
            except CrmError:
                continue
        followups.add(
            session, text="Call", due_at=datetime.now(UTC) + timedelta(days=3), zone="UTC", owner_id="UREP", about=pilot
        )


def data(path: Path) -> dict[str, list[dict[str, Any]]]:
    """Return the rows of an archive by table, without the workspace and the changes that only say who exported it."""
    found = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            if name.startswith("data/") and name != MANIFEST:
                rows = [json.loads(line) for line in archive.read(name).decode().split("\n") if line]
                found[name] = [{key: value for key, value in row.items() if key != "workspace_id"} for row in rows]
    return found


def taken_out(desk: Desk, name: str) -> Path:
    path = desk.folder / name
    path.unlink(missing_ok=True)
    with desk.database.transaction(desk.workspace) as session:
        schema.see_as(session, None)
        write_workspace(session, desk.nouns, path)
    return path


def bring_in(database: Database, workspace: str, path: Path, admin_url: str) -> None:
    admin = create_engine(admin_url)
    with database.transaction(workspace) as session:
        archives.advance(admin, archives.bring_in(session, path))
    admin.dispose()


def forget(admin_url: str) -> None:
    admin = create_engine(admin_url)
    with admin.begin() as connection:
        connection.execute(text(FORGET))
    admin.dispose()


@given(names=st.lists(texts, max_size=4), seats=st.integers(-MOST_SEATS, MOST_SEATS))
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
    phases=[Phase.explicit, Phase.generate],
)
def test_a_workspace_is_the_same_after_it_went_out_and_in(
    desk: Desk, second_workspace: str, admin_url: str, names: list[str], seats: int
) -> None:
    forget(admin_url)
    furnish(desk, names, seats)
    path = taken_out(desk, "one.zip")
    bring_in(desk.database, second_workspace, path, admin_url)
    other = Desk(desk.database, second_workspace, desk.folder)
    was, now = data(path), data(taken_out(other, "two.zip"))
    assert now["data/change_set.jsonl"].pop()["source"] == history.IMPORT
    assert now["data/activity.jsonl"].pop()["action"] == "imported"
    ours = {"data/member.jsonl"}
    assert {name: rows for name, rows in now.items() if name not in ours} == {
        name: rows for name, rows in was.items() if name not in ours
    }
    assert len(was["data/customer.jsonl"]) == 2


def test_what_came_in_is_found_numbered_on_and_undone(desk: Desk, second_workspace: str, admin_url: str) -> None:
    furnish(desk, ["=Harbor"], 7)
    bring_in(desk.database, second_workspace, taken_out(desk, "one.zip"), admin_url)
    with desk.database.transaction(second_workspace) as session:
        second = customers.resolve(session, "C-1")
        assert (second.name, second.reference) == ("Second", "C-2"), "it went where it was merged into"
        assert [note.text for note in notes.about(session, contacts.resolve(session, "harbor"))] == ["=Harbor"]
        assert session.scalars(select(Deal)).one().status == "won"
    other = Desk(desk.database, second_workspace, desk.folder)
    with desk.database.transaction(second_workspace) as session, recording(session, actor_id="UREP", source="slash"):
        fresh = lifecycle.add(session, other.declarations["customer"], {"name": "Third", "seats": 3})
        assert fresh.reference == "C-3"
    with desk.database.transaction(second_workspace) as session, recording(session, actor_id="UREP", source="slash"):
        history.undo(session, "UREP")
        assert session.scalars(select(Customer.name).order_by(Customer.id)).all() == ["First", "Second"]


def test_an_archive_comes_only_into_an_empty_workspace(desk: Desk, second_workspace: str, admin_url: str) -> None:
    furnish(desk, [], 1)
    path = taken_out(desk, "one.zip")
    with pytest.raises(Conflict, match="records or fields already"):
        bring_in(desk.database, desk.workspace, path, admin_url)


def test_people_of_another_team_come_without_their_rights(desk: Desk, second_workspace: str, admin_url: str) -> None:
    furnish(desk, [], 1)
    with desk.database.transaction(desk.workspace) as session:
        session.add(Member(workspace_id=desk.workspace, id="UGONE", name="Gone", roles=["admin"], kind="staff"))
    bring_in(desk.database, second_workspace, taken_out(desk, "one.zip"), admin_url)
    with desk.database.transaction(second_workspace) as session:
        people = session.execute(select(Member.id, Member.active, Member.roles).order_by(Member.id)).all()
    assert ("UGONE", False, []) in [tuple(one) for one in people]
    assert ("UREP", True, ["rep"]) in [tuple(one) for one in people], "who is here already stays as they are"


def test_another_archive_is_none(tmp_path: Path) -> None:
    path = tmp_path / "any.zip"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("a.csv", "Company\nAcme\n")
    assert not archives.is_archive(path)
    assert not archives.is_archive(tmp_path)
