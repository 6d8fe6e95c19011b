"""Show that each thing that can be wrong is found, and is said together with what to do."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, func, make_url, update

from bot.cli import doctor
from bot.cli import findings as of_plugins
from bot.cli.doctor import diagnose
from bot.cli.findings import Finding
from bot.registry import PluginError, load
from bot.settings import Settings
from bot.slack.manifest import scopes
from ml.text.encoder import installed
from storage.crm.customers import CUSTOMER
from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from storage.database.engine import Database
from storage.queues import outbox
from storage.queues.inbox import InboxItem
from storage.records import lifecycle, schema
from storage.records.schema import field_definitions
from storage.records.values import FieldValue
from storage.workspace import workspaces
from tests.support.cluster import Cluster

TOKEN = "xoxb-1-canary"


class Slack:
    """Answer the two methods the doctor asks, over HTTP; a test sets what it answers."""

    def __init__(self) -> None:
        self.answers: dict[str, dict[str, Any]] = {
            "auth.test": {"ok": True, "user": "rapport", "team": "Acme", "team_id": "T0ACME"},
            "apps.connections.open": {"ok": True, "url": "wss://example.com"},
        }
        self.scopes: str | None = ",".join(scopes(load()))
        slack = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = json.dumps(slack.answers[self.path.rpartition("/")[2]]).encode()
                self.send_response(200)
                if slack.scopes is not None:
                    self.send_header("x-oauth-scopes", slack.scopes)
                self.send_header("content-type", "application/json")
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/api/"


@pytest.fixture
def slack() -> Iterator[Slack]:
    slack = Slack()
    thread = threading.Thread(target=slack.server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield slack
    slack.server.shutdown()
    slack.server.server_close()
    thread.join()


def found(settings: Settings) -> dict[str, Finding]:
    findings = diagnose(settings)
    assert all(finding.remedy for finding in findings if not finding.ok)
    assert "canary" not in str(findings)
    return {finding.name: finding for finding in findings}


def with_database(url: str) -> Settings:
    return Settings(database_url=url)


def failing(settings: Settings) -> set[str]:
    return {name for name, finding in found(settings).items() if not finding.ok}


def test_all_is_well(admin_url: str, slack: Slack) -> None:
    settings = Settings(database_url=admin_url, bot_token=TOKEN, app_token="xapp-1-canary", api_url=slack.url)
    findings = found(settings)
    assert [name for name, finding in findings.items() if finding.ok] == [
        "Settings",
        "Plugins",
        "Meaning",
        "Database",
        "PostgreSQL",
        "Extensions",
        "Locale",
        "Connections",
        "Migrations",
        "Roles and rights",
        "Application role",
        "Left-over tables",
        "Queues",
        "On time",
        "Delivered",
        "Handled",
        "Own fields",
        "Token",
        "Scopes",
        "Socket Mode",
    ]
    assert findings["Token"].detail == "rapport in Acme (T0ACME)"
    assert ("by words alone" in findings["Meaning"].detail) is not installed()
    assert findings["Application role"].detail.startswith("acts as rapport_app")


def test_what_is_late_refused_or_failed_is_said(admin_url: str, workspace: str, database: Database) -> None:
    with database.transaction(workspace) as session:
        for state in ("pending", "dead"):
            sent = outbox.enqueue(session, target_channel="C1", renderer="sample.card", record="T-1")
            past = func.now() - timedelta(minutes=6)
            values = {"state": state, "reason": "is_archived", "not_before": past, "created_at": past}
            session.execute(update(outbox.Delivery).where(outbox.Delivery.id == sent).values(values))
        session.add(InboxItem(workspace_id=workspace, kind="message", body={}, state="dead", error="ZeroDivisionError"))
    findings = found(with_database(admin_url))
    assert findings["On time"].detail == "1 messages are unsent five minutes after their time"
    assert "T-1: is_archived" in findings["Delivered"].detail
    assert "ZeroDivisionError" in findings["Handled"].detail
    assert not any(findings[name].ok for name in ("On time", "Delivered", "Handled"))


def test_what_is_compared_otherwise_than_it_is_kept_is_said(admin_url: str, workspace: str, database: Database) -> None:
    with database.transaction(workspace) as session:
        workspaces.install(session, bot_id="B1")
        for name, kind in (("Plan", "text"), ("Seats", "number"), ("Terms", "long")):
            field_definitions.define(session, CUSTOMER, name=name, type=kind)
        noun = schema.extended(session, CUSTOMER)
        lifecycle.add(session, noun, {"name": "Acme", "plan": "Gold", "seats": "2.5", "terms": "net 30"})
    found = {one.name: one for one in diagnose(Settings(database_url=admin_url))}
    assert found["Own fields"].ok
    with database.transaction(workspace) as session:
        session.execute(update(FieldValue).where(FieldValue.key.is_not(None)).values(key="silver"))
    found = {one.name: one for one in diagnose(Settings(database_url=admin_url))}
    assert not found["Own fields"].ok
    assert found["Own fields"].detail.endswith("records have: T0ACME customer plan")
    with database.transaction(workspace) as session:
        session.execute(delete(FieldValue))
    found = {one.name: one for one in diagnose(Settings(database_url=admin_url))}
    assert found["Own fields"].detail.endswith("T0ACME customer plan, T0ACME customer seats")


def test_missing_settings_are_listed_and_the_rest_is_still_examined(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, admin_url: str
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in Settings.names():
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("DATABASE_URL", admin_url)
    findings = diagnose()
    assert [one.detail.partition(":")[0] for one in findings if one.name == "Settings"] == [
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN or SLACK_SIGNING_SECRET",
    ]
    assert ("Database", True) in [(one.name, one.ok) for one in findings]
    monkeypatch.setenv("PORT", "x")
    assert {one.name for one in diagnose()} == {"Settings"}


def test_a_database_that_cannot_be_reached() -> None:
    finding = found(with_database("postgresql://crm:canary@127.0.0.1:1/crm"))["Database"]
    assert not finding.ok
    assert "127.0.0.1" in finding.detail
    assert "DATABASE_URL" in finding.remedy


def test_an_empty_database_lacks_extensions_and_migrations(empty_url: str) -> None:
    findings = found(with_database(empty_url))
    assert findings["Extensions"].detail == "missing: btree_gin, pg_trgm"
    assert "CREATE EXTENSION pg_trgm" in findings["Extensions"].remedy
    assert findings["Locale"].detail == "not known before pg_trgm is there"
    assert "core is at none" in findings["Migrations"].detail
    assert "rapport db upgrade" in findings["Migrations"].remedy


def test_an_older_schema_is_behind(empty_url: str) -> None:
    migrate.upgrade(empty_url)
    migrate.downgrade(empty_url, "0001")
    finding = found(with_database(empty_url))["Migrations"]
    assert not finding.ok
    assert f"core is at 0001, not {migrate.head()}" in finding.detail


def test_a_locale_without_chinese_letters(cluster: Cluster) -> None:
    url = make_url(cluster.admin_url).set(database="plain").render_as_string(hide_password=False)
    cluster.run("CREATE DATABASE plain TEMPLATE template0 ENCODING 'UTF8' LOCALE 'C'")
    try:
        migrate.upgrade(url)
        finding = found(with_database(url))["Locale"]
    finally:
        cluster.drop(url)
    assert (finding.ok, finding.detail) == (False, "UTF8, but Chinese cannot be searched")
    assert "LOCALE 'C.UTF-8'" in finding.remedy


def test_an_old_server(admin_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "OLDEST_POSTGRES", 99)
    assert "99 or newer" in found(with_database(admin_url))["PostgreSQL"].remedy


def test_a_login_that_may_not_act_as_the_application(cluster: Cluster, admin_url: str) -> None:
    cluster.run("CREATE ROLE stranger LOGIN PASSWORD 'canary'")
    try:
        url = make_url(admin_url).set(username="stranger", password="canary").render_as_string(hide_password=False)
        findings = found(with_database(url))
    finally:
        cluster.run("DROP ROLE stranger")
    for name, word in (("Application role", "rapport_app"), ("Migrations", "permission denied")):
        assert not findings[name].ok
        assert word in findings[name].detail
        assert "rapport db upgrade" in findings[name].remedy


def test_an_application_role_that_row_security_does_not_bind(cluster: Cluster, admin_url: str) -> None:
    cluster.run("ALTER ROLE rapport_app BYPASSRLS")
    try:
        finding = found(with_database(admin_url))["Application role"]
    finally:
        cluster.run("ALTER ROLE rapport_app NOBYPASSRLS")
    assert not finding.ok
    assert "has BYPASSRLS" in finding.detail
    assert "NOBYPASSRLS" in finding.remedy


def test_the_embedded_database(tmp_path: Path) -> None:
    settings = Settings(data_dir=tmp_path / ".rapport")
    assert "will make it" in found(settings)["Database"].detail
    with EmbeddedPostgres(settings.data_dir / "postgres", settings=UNSAFE_BUT_FAST) as server:
        for line in load().lines:
            migrate.upgrade(server.start(), line=line)
        findings = found(settings)
        assert findings["Database"].detail.startswith("embedded, in ")
        assert findings["Migrations"].ok
    (settings.data_dir / "postgres" / "cluster" / "PG_VERSION").unlink()
    finding = found(settings)["Database"]
    assert not finding.ok
    assert "not a valid data directory" in finding.detail


@pytest.mark.parametrize("code", ["invalid_auth", "account_inactive", "something_new"])
def test_a_token_that_slack_refuses(code: str, slack: Slack, tmp_path: Path) -> None:
    slack.answers["auth.test"] = {"ok": False, "error": code}
    findings = found(Settings(bot_token=TOKEN, api_url=slack.url, data_dir=tmp_path))
    assert (findings["Token"].ok, findings["Token"].detail) == (False, code)
    assert "Scopes" not in findings


def test_a_slack_that_cannot_be_reached(tmp_path: Path) -> None:
    findings = found(Settings(bot_token=TOKEN, api_url="http://127.0.0.1:1/api/", data_dir=tmp_path))
    assert "cannot be reached" in findings["Token"].detail
    assert "HTTPS_PROXY" in findings["Token"].remedy


def test_scopes_that_are_missing_are_named(slack: Slack, tmp_path: Path) -> None:
    settings = Settings(bot_token=TOKEN, api_url=slack.url, data_dir=tmp_path)
    slack.scopes = "commands, chat:write"
    finding = found(settings)["Scopes"]
    assert not finding.ok
    assert "users:read" in finding.detail
    assert "chat:write" not in finding.detail.replace(",", "").split()
    assert "rapport manifest" in finding.remedy
    slack.scopes = None
    assert "Scopes" not in found(settings)


def test_an_app_token_without_socket_mode(slack: Slack, tmp_path: Path) -> None:
    slack.answers["apps.connections.open"] = {"ok": False, "error": "not_allowed_token_type"}
    finding = found(Settings(app_token="xapp-1-canary", api_url=slack.url, data_dir=tmp_path))["Socket Mode"]
    assert (finding.ok, finding.detail) == (False, "not_allowed_token_type")


def test_an_app_that_is_installed_by_oauth_has_no_token_to_check(tmp_path: Path) -> None:
    settings = Settings(client_id="1.2", client_secret="0" * 32, data_dir=tmp_path)
    assert found(settings)["Token"].ok


def test_a_broken_plugin_is_named(monkeypatch: pytest.MonkeyPatch, admin_url: str, slack: Slack) -> None:
    def broken(*_: object, **__: object) -> None:
        raise PluginError("kudos: no such event")

    monkeypatch.setattr(of_plugins, "load", broken)
    settings = Settings(database_url=admin_url, bot_token=TOKEN, api_url=slack.url)
    findings = found(settings)
    assert findings["Plugins"].detail == "kudos: no such event"
    assert failing(settings) == {"Plugins"}
    assert findings["Migrations"].ok


def test_bundled_plugins_that_are_off_are_named(admin_url: str, slack: Slack) -> None:
    settings = Settings(database_url=admin_url, bot_token=TOKEN, api_url=slack.url)
    assert "renewals" not in found(settings)["Plugins"].detail
    findings = found(replace(settings, plugins_off=frozenset({"renewals"})))
    assert findings["Plugins"].ok and "bundled and off:" in findings["Plugins"].detail
    assert "renewals" in findings["Plugins"].detail
