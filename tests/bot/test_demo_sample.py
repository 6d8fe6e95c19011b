"""Show what the demo begins with: a company's two months, and what plugins add to it."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy.orm import Session

from bot.demo import sample
from bot.demo.people import WORKSPACE
from bot.plugin import Plugin
from storage.crm import customers, deals
from storage.database.engine import Database
from storage.records import history
from storage.workspace.workspaces import Workspace

NOW = datetime(2026, 11, 30, 12, tzinfo=UTC)


def test_plugins_add_to_it_once_as_somebody_of_the_company(database: Database) -> None:
    plugin = Plugin("extra", contract=2, title="Extra")
    told: list[tuple[str, datetime, str | None]] = []

    @plugin.sample
    def more(session: Session, workspace: Workspace, now: datetime) -> None:
        """Add a customer."""
        told.append((workspace.name, now, history.current_actor(session)))
        customers.add(session, name="From a plugin")

    assert sample.fill(database, NOW, [plugin])
    assert not sample.fill(database, NOW, [plugin])
    assert [(name, at) for name, at, _who in told] == [("Brightside", NOW)] and told[0][2] is not None
    with database.transaction(WORKSPACE) as session:
        assert customers.resolve(session, "from a plugin").name == "From a plugin"
        assert len(deals.list_deals(session, limit=100)) > 10
