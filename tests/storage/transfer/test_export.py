"""Show that what is taken out comes back as it was, and that no spreadsheet runs any of it."""

from __future__ import annotations

import csv
import io
import json
import zipfile
from pathlib import Path
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import delete, select

from storage.crm import contacts, customers, deals, notes
from storage.crm.contacts import CONTACT, Contact
from storage.crm.customers import Customer
from storage.crm.notes import Note
from storage.errors import CrmError
from storage.money import Money
from storage.records import lifecycle
from storage.records.history import recording
from storage.records.schema import field_definitions as definitions
from storage.transfer import running
from storage.transfer.exports.archive import write_workspace
from storage.transfer.exports.records import RecordTable
from storage.transfer.exports.workbook import CsvFile
from tests.support.tables import Desk

TRIGGERS = ("=", "+", "-", "@", "\t", "\r", "\n")
names = st.text(min_size=1, max_size=60) | st.sampled_from(
    ["=1+1", "@SUM(A1)", "-5", "'=x", "a\nb", 'say "hi"', "O’Neil; Sons"]
)


def write(desk: Desk) -> tuple[Path, dict[str, int]]:
    path = desk.folder / "all.zip"
    with desk.database.transaction(desk.workspace) as session:
        return path, write_workspace(session, desk.nouns, path)


def tables(path: Path, folder: Path) -> dict[str, list[list[str]]]:
    found = {}
    with zipfile.ZipFile(path) as archive:
        archive.extractall(folder)
        for name in archive.namelist():
            if name.endswith(".csv"):
                found[name] = list(csv.reader(io.StringIO(archive.read(name).decode(), newline="")))
    return found


def furnish(desk: Desk) -> None:
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UREP", source="slash"):
        acme = customers.add(session, name="=Acme", domain="acme.com", tier="gold", owner_id="UREP")
        gone = customers.add(session, name="Old Ltd")
        contacts.add(session, name="Zoë Müller", email="zoe@acme.com", phone="+49 30 1", customer_id=acme.id)
        deals.add(session, name="Pilot", amount=Money(120050, "EUR"), customer_id=acme.id)
        notes.add(session, acme, "+1: call\nback")
        lifecycle.archive(session, gone)


def test_a_workspace_is_taken_out_with_notes_people_and_history(desk: Desk) -> None:
    furnish(desk)
    path, written = write(desk)
    assert written["customer.csv"] == 2
    found = tables(path, desk.folder / "out")
    assert found["customer.csv"][0][:3] == [f"customer (Rapport {desk.workspace})", "Name", "Domain"]
    assert found["customer.csv"][1][:4] == ["C-1", "'=Acme", "acme.com", "gold"]
    assert found["notes.csv"][1][0::4] == ["C-1", "'+1: call\nback"]
    assert "UREP" in [row[0] for row in found["people.csv"]]
    history = [json.loads(line) for line in (desk.folder / "out" / "history.jsonl").read_text().split("\n") if line]
    assert history[0]["after"]["name"] == "=Acme"
    assert "Rapport kept" in (desk.folder / "out" / "README.md").read_text()


def test_no_cell_of_any_table_is_run_by_a_spreadsheet(desk: Desk) -> None:
    furnish(desk)
    for name, rows in tables(write(desk)[0], desk.folder / "out").items():
        assert [cell for row in rows for cell in row if cell.startswith(TRIGGERS)] == [], name


def test_what_was_taken_out_changes_nothing_where_it_comes_from(desk: Desk) -> None:
    furnish(desk)
    tables(write(desk)[0], desk.folder / "out")
    for noun, count in (("customer", 2), ("contact", 1), ("deal", 1)):
        assert running.as_numbers(desk.bring_in(desk.folder / "out" / f"{noun}.csv").counts) == {"same": count}


def test_what_was_taken_out_comes_into_another_workspace_as_it_was(desk: Desk, second_workspace: str) -> None:
    furnish(desk)
    tables(write(desk)[0], desk.folder / "out")
    other = Desk(desk.database, second_workspace, desk.folder / "other")
    other.folder.mkdir()
    with other.database.transaction(second_workspace) as session:
        customers.add(session, name="Somebody else's first")
    for noun in ("customer", "contact", "deal"):
        run = other.bring_in(desk.folder / "out" / f"{noun}.csv")
        assert "refused" not in run.counts
    with other.database.transaction(second_workspace) as session:
        zoe = contacts.resolve(session, "Zoë Müller")
        assert zoe.customer is not None
        assert (zoe.customer.name, zoe.phone) == ("=Acme", "+49 30 1")
        pilot = deals.resolve(session, "Pilot")
        assert (pilot.amount, pilot.customer_id) == (Money(120050, "EUR"), zoe.customer_id)
        old = session.scalars(select(Customer).where(Customer.name == "Old Ltd")).one()
        assert old.archived_at is not None
    written = desk.folder / "out" / "notes.csv"
    assert other.rehearse(written) == {"added": 1}
    run = other.bring_in(written)
    with other.database.transaction(second_workspace) as session:
        (note,) = session.scalars(select(Note)).all()
        # The company has another number here: its reference in the file is of the workspace that wrote it.
        assert (note.about_reference, note.kind, note.text) == (f"C-{zoe.customer_id}", "note", "+1: call\nback")
        assert (note.created_by, zoe.customer_id) == ("UREP", 2)
    for noun, count in (("customer", 2), ("contact", 1), ("deal", 1), ("notes", 1)):
        assert running.as_numbers(other.bring_in(desk.folder / "out" / f"{noun}.csv").counts) == {"same": count}
    assert other.undo(run.id) == []
    with other.database.transaction(second_workspace) as session:
        assert session.scalars(select(Note)).all() == []


@given(rows=st.lists(st.tuples(names, st.integers(-(2**63), 2**63 - 1), st.booleans()), min_size=1, max_size=5))
@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_text_and_number_comes_back_as_it_was(desk: Desk, second_workspace: str, rows: list[Any]) -> None:
    other = Desk(desk.database, second_workspace, desk.folder)
    for one in (desk, other):
        with one.database.transaction(one.workspace) as session, recording(session, actor_id="UADMIN", source="slash"):
            session.execute(delete(Contact))
            if "seats" not in {field.key for field in one.declarations["contact"].fields}:
                definitions.define(session, CONTACT, name="Seats", type="number")
                definitions.define(session, CONTACT, name="Key", type="yesno", key="keyed")
    noun = desk.declarations["contact"]
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UREP", source="slash"):
        for name, seats, key in rows:
            try:
                with session.begin_nested():
                    lifecycle.add(session, noun, {"name": name, "seats": seats, "keyed": key})
            except CrmError:
                continue  # no name
        table = RecordTable(session, noun)
        file = CsvFile(table.header)
        for row in table.rows():
            file.add(row)
        wanted = [(one.name, one.custom) for one in session.scalars(select(Contact).order_by(Contact.id))]
    if not wanted:
        return
    path = desk.folder / "contact.csv"
    path.write_bytes(file.finish())
    other.bring_in(path)
    own = {field.custom_id: field.key for field in noun.fields if field.custom_id}
    theirs = {field.custom_id: field.key for field in other.declarations["contact"].fields if field.custom_id}
    with other.database.transaction(other.workspace) as session:
        found = [(one.name, one.custom) for one in session.scalars(select(Contact).order_by(Contact.id))]
    assert [(name, {theirs[int(key)]: value for key, value in custom.items()}) for name, custom in found] == [
        (name, {own[int(key)]: value for key, value in custom.items()}) for name, custom in wanted
    ]
