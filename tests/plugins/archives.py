"""Show that what plugins keep goes out and comes in, in a process that has every plugin on."""

from __future__ import annotations

from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any, cast

from sqlalchemy import Table, inspect
from sqlalchemy.orm import Session

from bot.registry import Registry
from storage.crm import customers
from storage.database.engine import Database
from storage.errors import CrmError
from storage.money import Money
from storage.records import history, lifecycle
from storage.records.declaration import Declaration
from storage.records.fields import ChoiceField, DateField, LinkField, MoneyField, NumberField
from storage.records.schema import field_definitions
from storage.workspace.workspaces import Workspace
from tests.support.whole_workspaces import bring_in, came_unchanged, taken_out

EMPTY = "T0EMPTY"


def schema_of(noun: Declaration) -> str:
    """Return the schema of a plugin's noun, nothing for another."""
    return cast(Table, inspect(noun.model).local_table).schema or ""


def values(noun: Declaration, made: dict[str, int]) -> dict[str, Any]:
    """Return a value for each field that a record of a noun needs."""
    given: dict[str, Any] = {"name": f"Own {noun.key}", "shelf": 7}
    for field in noun.fields:
        match field:
            case MoneyField():
                given[field.key] = Money(5, "USD")
            case NumberField():
                given[field.key] = 3
            case DateField():
                given[field.key] = date(2026, 3, 2)
            case ChoiceField():
                given[field.key] = field.choices[0]
            case LinkField():
                given[field.key] = made.get(str(field.to.__noun__))
            case _ if field.required:
                given.setdefault(field.key, "USD" if field.key == "currency" else "own")
    return {field.key: given[field.key] for field in noun.entered if given.get(field.key) is not None}


def fill(session: Session, registry: Registry) -> None:
    made = {"customer": customers.add(session, name="Harbor").id}
    for key, noun in registry.declarations(session).items():
        if schema_of(noun):
            with suppress(CrmError), session.begin_nested():
                made[key] = lifecycle.add(session, noun, values(noun, made)).id


def test_what_plugins_keep_goes_out_and_comes_in(
    database: Database, workspace: str, admin_url: str, registry: Registry, tmp_path: Path
) -> None:
    with database.transaction(EMPTY) as session:
        session.add(Workspace(id=EMPTY, name="Empty"))
    with database.transaction(workspace) as session, history.recording(session, actor_id=None, source="test"):
        for noun in registry.declarations(session).values():
            if schema_of(noun):
                field_definitions.define(session, noun, name="Shelf", type="number")
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="test"):
        fill(session, registry)
    was = taken_out(database, workspace, tmp_path / "one.zip")
    full = {name.split("/")[1].split(".")[0] for name, rows in was.items() if rows}
    assert full >= {schema_of(noun.declaration) for noun in registry.nouns.values()} - {""}
    assert len(was["data/field_value.jsonl"]) >= 3
    bring_in(database, EMPTY, tmp_path / "one.zip", admin_url)
    came_unchanged(was, taken_out(database, EMPTY, tmp_path / "two.zip"))
