"""Show that a workspace's categories are called as it calls them."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.kit.categories import name, names
from ml.starter import CATEGORIES
from storage.support.categories import Category
from tests.support.workspaces import WORKSPACE


def said(session: Session, key: str, called: str, merged_into: str | None = None) -> None:
    session.add(Category(workspace_id=WORKSPACE, key=key, name=called, merged_into=merged_into))
    session.flush()


def test_a_new_workspace_has_the_starters_categories(session: Session) -> None:
    assert names(session) == CATEGORIES
    assert name(session, "bug") == "Bug or outage"
    assert name(session, "chatter") == "Not a request"
    assert name(session, "wholesale") == "Wholesale"


def test_a_workspace_renames_merges_and_adds(session: Session) -> None:
    said(session, "bug", "Defects")
    said(session, "feature", "Feature or change", merged_into="howto")
    said(session, "wholesale", "Wholesale orders")
    found = names(session)
    assert (found["bug"], found["wholesale"]) == ("Defects", "Wholesale orders")
    assert "feature" not in found
    assert list(found) == [key for key in CATEGORIES if key != "feature"] + ["wholesale"]
    assert name(session, "feature") == "How-to"


def test_a_chain_of_merges_ends_where_it_leads_even_in_a_circle(session: Session) -> None:
    said(session, "bug", "Bug", merged_into="howto")
    said(session, "howto", "How-to", merged_into="account")
    assert name(session, "bug") == "Account access"
    said(session, "account", "Account", merged_into="bug")
    assert name(session, "bug")
