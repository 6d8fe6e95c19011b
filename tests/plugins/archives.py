"""Show that what plugins keep goes out and comes in, in a process that has every plugin on."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from bot.plugins.commerce import orders
from bot.plugins.finance.books import journal, portfolios, trades
from bot.registry import Registry
from storage.crm import customers
from storage.database.engine import Database
from storage.money import Money
from storage.records import history, lifecycle
from storage.records.schema import field_definitions
from storage.workspace.workspaces import Workspace
from tests.support.whole_workspaces import bring_in, came_unchanged, taken_out

EMPTY = "T0EMPTY"


def test_what_plugins_keep_goes_out_and_comes_in(
    database: Database, workspace: str, admin_url: str, registry: Registry, tmp_path: Path
) -> None:
    with database.transaction(EMPTY) as session:
        session.add(Workspace(id=EMPTY, name="Empty"))
    with database.transaction(workspace) as session, history.recording(session, actor_id=None, source="test"):
        product = registry.declarations(session)["product"]
        field_definitions.define(session, product, name="Shelf", type="number")
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="test"):
        harbor = customers.add(session, name="Harbor")
        mug = {"name": "Mug", "sku": "MUG", "price": Money(5, "USD"), "stock": 9, "shelf": 7}
        lifecycle.add(session, registry.declarations(session)["product"], mug)
        orders.place(session, {"MUG": 2}, customer_id=harbor.id)
        portfolio = portfolios.add(session, name="Old", customer_id=harbor.id, currency="EUR")
        account = portfolios.accounts(session, portfolio)[0]
        journal.reverse(session, trades.deposit(session, account, Money(100_000, "EUR"), date(2026, 3, 2)))
    was = taken_out(database, workspace, tmp_path / "one.zip")
    kept = [name for name, rows in was.items() if rows]
    assert {"data/commerce.order_line.jsonl", "data/finance.posting.jsonl", "data/field_value.jsonl"} <= set(kept)
    bring_in(database, EMPTY, tmp_path / "one.zip", admin_url)
    came_unchanged(was, taken_out(database, EMPTY, tmp_path / "two.zip"))
