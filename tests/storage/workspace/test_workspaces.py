"""Show how a workspace is installed, set up and uninstalled."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.secrets import SealBroken, Vault, new_key
from storage.errors import Invalid, Refused
from storage.workspace import workspaces
from tests.support.waiting import PATIENCE_S

TOKEN = "xoxb-canary"


def test_a_first_installation_takes_the_installers_zone_and_dollars(database: Database) -> None:
    with database.transaction("T0NEW") as session:
        made = workspaces.ensure(session, name="New", zone="Europe/Berlin", locale="de-DE")
        assert (made.currency, made.zone, made.locale) == ("USD", "Europe/Berlin", "de-DE")
        assert (made.default_roles, made.triage_channel_id, made.set_up_at) == (["rep", "agent"], None, None)
    with database.transaction("T0NEW") as session:
        again = workspaces.ensure(session, name="Renamed", zone="Asia/Tokyo", currency="JPY")
        assert (again.name, again.zone, again.currency) == ("Renamed", "Europe/Berlin", "USD")


@pytest.mark.parametrize(("zone", "locale"), [(None, None), ("Mars/Base", "xx"), ("", "en_US"), ("../etc", "*")])
def test_what_slack_sends_and_nobody_knows_is_passed_over(
    database: Database, zone: str | None, locale: str | None
) -> None:
    with database.transaction("T0NEW") as session:
        made = workspaces.ensure(session, name="New", zone=zone, locale=locale)
        assert (made.zone, made.locale) == ("UTC", "en-US")


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://acme.slack.com/", "https://acme.slack.com/"),
        ("https://acme.slack.com", "https://acme.slack.com/"),
        ("javascript:alert(1)", None),
        ("https://acme.example/|<!channel>", None),
        (None, None),
    ],
)
def test_the_address_of_a_workspace_is_kept_to_link_to_messages(
    database: Database, given: str | None, kept: str | None
) -> None:
    with database.transaction("T0NEW") as session:
        assert workspaces.ensure(session, name="New", url=given).url == kept
        assert workspaces.ensure(session, name="New").url == kept


def test_setup_changes_what_it_is_told_and_nothing_else(database: Database, workspace: str) -> None:
    with database.listen([workspaces.WORKSPACES_CHANGED]) as listener:
        with database.transaction(workspace) as session:
            done = workspaces.setup(session, currency=" eur ", zone="europe/berlin")
            assert (done.currency, done.zone, done.locale) == ("EUR", "Europe/Berlin", "en-US")
            workspaces.setup(session, locale="zh-CN", default_roles={"viewer"}, triage_channel_id="C1")
        assert listener.wait(PATIENCE_S)[0].payload == workspace
    with database.transaction(workspace) as session:
        kept = workspaces.get(session, workspace)
        assert kept is not None and kept.set_up_at is not None
        assert (kept.currency, kept.locale, kept.default_roles, kept.triage_channel_id) == (
            "EUR",
            "zh-CN",
            ["viewer"],
            "C1",
        )


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("currency", "XYZ"),
        ("currency", "€"),
        ("currency", "EURO"),
        ("currency", "ＥＵＲ"),
        ("zone", "Berlin"),
        ("locale", "klingon"),
    ],
)
def test_setup_refuses_what_it_does_not_know(session: Session, field: str, value: str) -> None:
    with pytest.raises(Invalid) as caught:
        workspaces.setup(session, **{field: value})  # type: ignore[arg-type]  # each of these fields is text
    assert (caught.value.field, caught.value.typed) == (field, value)
    assert value in str(caught.value)


def test_only_an_installed_workspace_is_set_up(database: Database) -> None:
    with database.transaction("T0NEW") as session:
        assert workspaces.get(session, "T0NEW") is None
        with pytest.raises(Refused, match="not installed"):
            workspaces.setup(session, currency="EUR")


def test_an_installation_is_found_among_all_and_its_token_is_sealed(
    database: Database, workspace: str, second_workspace: str, admin_url: str
) -> None:
    vault = Vault([new_key()])
    with database.listen([workspaces.INSTALLATIONS_CHANGED]) as listener:
        with database.transaction(workspace) as session:
            workspaces.install(session, token=TOKEN, vault=vault, bot_id="B1", scopes={"b", "a"}, installed_by="UADMIN")
        with database.transaction(second_workspace) as session:
            workspaces.install(session, bot_id="B2")
        assert listener.wait(PATIENCE_S)[0].payload == workspace
    with database.transaction(EVERY_WORKSPACE) as session:
        first, second = workspaces.installations(session)
        assert (first.workspace_id, first.bot_id, first.scopes, first.installed_by) == (
            workspace,
            "B1",
            ["a", "b"],
            "UADMIN",
        )
        assert workspaces.token_of(first, vault) == TOKEN
        assert workspaces.token_of(second, vault) is None
        assert TOKEN not in str(session.execute(text("SELECT * FROM installation")).all())


def test_a_token_copied_to_another_row_is_of_no_use(database: Database, workspace: str, second_workspace: str) -> None:
    vault = Vault([new_key()])
    with database.transaction(workspace) as session:
        stolen = workspaces.install(session, token=TOKEN, vault=vault)
    with database.transaction(second_workspace) as session:
        row = workspaces.install(session)
        row.sealed_token, row.key_id = stolen.sealed_token, stolen.key_id
        session.flush()
        with pytest.raises(SealBroken):
            workspaces.token_of(row, vault)


def test_a_token_needs_a_vault(session: Session) -> None:
    with pytest.raises(ValueError, match="sealed"):
        workspaces.install(session, token=TOKEN)


def test_uninstalling_forgets_the_token_and_installing_again_brings_a_new_one(session: Session) -> None:
    vault = Vault([new_key()])
    workspaces.revoke(session)
    assert workspaces.installation(session) is None
    workspaces.install(session, token=TOKEN, vault=vault)
    workspaces.revoke(session)
    workspaces.revoke(session)
    row = workspaces.installation(session)
    assert row is not None and row.revoked_at is not None
    assert (row.sealed_token, row.key_id) == (None, None)
    assert workspaces.installations(session) == []
    again = workspaces.install(session, token="xoxb-second", vault=vault)
    assert again is row
    assert again.revoked_at is None
    assert workspaces.token_of(again, vault) == "xoxb-second"


def test_tokens_move_to_the_newest_key(session: Session) -> None:
    old, new = new_key(), new_key()
    assert not workspaces.reseal(session, Vault([new]))
    row = workspaces.install(session, token=TOKEN, vault=Vault([old]))
    assert workspaces.reseal(session, Vault([new, old]))
    assert not workspaces.reseal(session, Vault([new, old]))
    assert workspaces.token_of(row, Vault([new])) == TOKEN
