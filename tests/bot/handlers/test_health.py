"""Ask whether all works, and which plugins are in use, as an admin does."""

from __future__ import annotations

from contextlib import closing

from bot.registry import Registry
from sandbox.control.client import Person
from tests.support.cluster import connect
from tests.support.company import Company

FAILED = """
    INSERT INTO workspace (id, name) VALUES ('TZ', 'Others');
    INSERT INTO inbox (workspace_id, event_id, kind, body, state, error)
    VALUES ('TA', 'one', 'message', '{}', 'dead', 'Oops'), ('TZ', 'two', 'message', '{}', 'dead', 'Oops')
"""


def test_an_admin_asks_whether_all_works(company: Company, admin: Person) -> None:
    well = admin.types("/crm doctor").text
    assert "All is well in this workspace" in well
    with closing(connect(company.admin_url)) as connection:
        connection.execute(FAILED)
    said = admin.types("/crm doctor").text
    assert "Something needs you" in said
    assert "*1 thing from Slack failed*" in said, "what fails in another workspace is not ours"


def test_what_a_plugin_finds_is_told_and_one_that_cannot_look_hides_nothing(
    company: Company, admin: Person, registry: Registry
) -> None:
    plugin = registry.plugins["renewals"]
    before = list(plugin.checks)
    try:
        plugin.finding("Broken", remedy="Mend it.")(_breaks)
        plugin.finding("Contracts", remedy="Look at them.")(lambda workspace: f"one of {workspace.id} is <old>")
        said = admin.types("/crm doctor").text
    finally:
        plugin.checks[:] = before
    assert "*Broken: it could not be looked at (ZeroDivisionError)*\nMend it." in said
    assert "*Contracts: one of TA is <old>*\nLook at them." in said


def _breaks() -> str:
    raise ZeroDivisionError


def test_the_plugins_in_use_are_listed_with_their_commands(admin: Person) -> None:
    said = admin.types("/crm plugins").text
    assert "*Renewals*" in said
    # Plugins are told apart by the words their commands begin with; all commands are in the help.
    assert "`/crm renewal`" in said
    assert "`/deal`" in said
    assert "`/deal won`" not in said


def test_only_admins_are_told(rep: Person) -> None:
    assert "needs the role admin" in rep.types("/crm doctor").text
    assert "needs the role admin" in rep.types("/crm plugins").text
