"""Show that settings are read, refused together with how to get each, and never shown."""

from __future__ import annotations

import base64
import re
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from bot.delivery.calls import Limit, at_pace
from bot.settings import Settings, SettingsError

ROOT = Path(__file__).parents[2]
HEX = "0123456789abcdef" * 2
# The same in every process: the names of parameters must not differ between test workers.
KEY = base64.urlsafe_b64encode(bytes(range(32))).decode()
SOCKET = {"SLACK_BOT_TOKEN": "xoxb-1-secret", "SLACK_APP_TOKEN": "xapp-1-secret"}
OAUTH = {
    "SLACK_SIGNING_SECRET": HEX,
    "SLACK_CLIENT_ID": "12.34",
    "SLACK_CLIENT_SECRET": HEX,
    "RAPPORT_ENCRYPTION_KEYS": KEY,
    "RAPPORT_PUBLIC_URL": "https://crm.example.com/",
}


def load(environ: dict[str, str], *, slack: bool = True) -> Settings:
    return Settings.load(environ, dotenv=None, slack=slack)


def problems(environ: dict[str, str], *, slack: bool = True) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        load(environ, slack=slack)
    return {problem.name: problem.what for problem in caught.value.problems}


def test_two_tokens_are_enough() -> None:
    settings = load(SOCKET)
    assert settings.socket_mode
    assert not settings.oauth
    assert (settings.port, settings.probe_port, settings.data_dir, settings.database_url) == (
        8080,
        8081,
        Path(".rapport"),
        None,
    )
    assert settings.api_url == "https://slack.com/api/"
    assert (settings.lease_seconds, settings.grace_seconds) == (60, 30)


@pytest.mark.parametrize("given", [{"PORT": "8081"}, {"RAPPORT_PROBE_PORT": "8080"}])
def test_the_two_ports_differ(given: dict[str, str]) -> None:
    assert problems({**SOCKET, **given}) == {"RAPPORT_PROBE_PORT": "must be another port than PORT"}


def test_signed_http_and_oauth() -> None:
    settings = load(OAUTH)
    assert not settings.socket_mode
    assert settings.oauth
    assert settings.public_url == "https://crm.example.com"
    assert settings.encryption_keys == (KEY,)
    assert not load({**OAUTH, "SLACK_BOT_TOKEN": "xoxb-1"}).oauth


def test_everything_missing_is_named_with_how_to_get_it() -> None:
    with pytest.raises(SettingsError) as caught:
        load({})
    message = str(caught.value)
    assert "SLACK_BOT_TOKEN: is missing" in message
    assert "SLACK_APP_TOKEN or SLACK_SIGNING_SECRET: one is needed" in message
    assert "Bot User OAuth Token" in message
    assert "App-Level Tokens" in message
    assert "Signing Secret" in message


def test_half_an_oauth_app_is_named() -> None:
    assert set(problems({"SLACK_SIGNING_SECRET": HEX, "SLACK_CLIENT_ID": "1.2"})) == {
        "SLACK_CLIENT_SECRET",
        "RAPPORT_ENCRYPTION_KEYS",
        "RAPPORT_PUBLIC_URL",
    }
    assert "SLACK_CLIENT_ID" in problems({"SLACK_SIGNING_SECRET": HEX, "SLACK_CLIENT_SECRET": HEX})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("SLACK_BOT_TOKEN", "xoxp-1-user-token"),
        ("SLACK_BOT_TOKEN", "xoxb-<paste here>"),
        ("SLACK_APP_TOKEN", "xoxb-1-canary"),
        ("SLACK_SIGNING_SECRET", "canary"),
        ("SLACK_SIGNING_SECRET", HEX.upper()),
        ("SLACK_CLIENT_ID", "canary"),
        ("SLACK_CLIENT_SECRET", HEX + "0"),
        ("SLACK_API_URL", "https://slack.com/api"),
        ("SLACK_API_URL", "ftp://slack.com/api/"),
        ("SLACK_API_URL", "http://[/api/"),
        ("RAPPORT_PUBLIC_URL", "https://crm.example.com/slack"),
        ("RAPPORT_PUBLIC_URL", "crm.example.com"),
        ("DATABASE_URL", "mysql://canary@db/crm"),
        ("DATABASE_URL", "postgresql://canary@db"),
        ("DATABASE_URL", "canary"),
        ("DATABASE_URL", "postgresql://canary@db:port/crm"),
        ("DATABASE_ADMIN_URL", "canary"),
        ("PORT", "0"),
        ("PORT", "65536"),
        ("PORT", "http"),
        ("RAPPORT_ENCRYPTION_KEYS", f"{KEY},canary"),
        ("RAPPORT_COMMAND_PREFIX", "/Acme"),
        ("RAPPORT_ADMINS", "@canary"),
        ("RAPPORT_PLUGINS", "Canary!"),
        ("RAPPORT_PLUGINS_OFF", "Canary!"),
        ("RAPPORT_LOG_LEVEL", "loud"),
        ("RAPPORT_LEASE_SECONDS", "0"),
        ("RAPPORT_LEASE_SECONDS", "1m"),
        ("RAPPORT_GRACE_SECONDS", "-1"),
        ("RAPPORT_SLACK_PACE", "0"),
        ("RAPPORT_WORKERS", "0"),
        ("RAPPORT_POOL_SIZE", "²"),
    ],
)
def test_each_malformed_setting_is_refused_without_showing_it(name: str, value: str) -> None:
    with pytest.raises(SettingsError) as caught:
        load({**SOCKET, name: value})
    assert [problem.name for problem in caught.value.problems] == [name]
    assert "canary" not in str(caught.value)
    assert all(problem.remedy for problem in caught.value.problems)


def test_a_malformed_setting_is_not_called_missing_too() -> None:
    assert set(problems({"SLACK_BOT_TOKEN": "x", "SLACK_APP_TOKEN": "x", "PORT": "x"})) == {
        "SLACK_BOT_TOKEN",
        "SLACK_APP_TOKEN",
        "PORT",
    }


def test_what_needs_no_slack_may_lack_its_tokens_but_not_get_them_wrong() -> None:
    assert load({}, slack=False).bot_token is None
    assert set(problems({"SLACK_BOT_TOKEN": "x"}, slack=False)) == {"SLACK_BOT_TOKEN"}


def test_an_admin_url_alone_is_refused() -> None:
    admin = "postgresql://owner@db/crm"
    assert set(problems({**SOCKET, "DATABASE_ADMIN_URL": admin})) == {"DATABASE_URL"}
    assert set(problems({**SOCKET, "DATABASE_ADMIN_URL": admin, "DATABASE_URL": "x"})) == {"DATABASE_URL"}
    for url in ("postgres://app@db/crm", "postgresql+psycopg://app@/crm?host=/run/postgresql"):
        assert load({**SOCKET, "DATABASE_ADMIN_URL": admin, "DATABASE_URL": url}).database_url == url


def test_lists_and_numbers_are_read() -> None:
    other = Fernet.generate_key().decode()
    settings = load(
        {
            **SOCKET,
            "RAPPORT_ADMINS": "U12, W34,",
            "RAPPORT_PLUGINS": "renewals, visits",
            "RAPPORT_PLUGINS_OFF": "birthdays kudos",
            "RAPPORT_ENCRYPTION_KEYS": f"{KEY}, {other}",
            "RAPPORT_GRACE_SECONDS": "2.5",
            "RAPPORT_SLACK_PACE": "2",
            "RAPPORT_COMMAND_PREFIX": "acme-",
            "PORT": "8081",
            "RAPPORT_PROBE_PORT": "9000",
        }
    )
    assert settings.admins == {"U12", "W34"}
    assert settings.plugins == {"renewals", "visits"}
    assert settings.plugins_off == {"birthdays", "kudos"}
    assert settings.encryption_keys == (KEY, other)
    assert (settings.grace_seconds, settings.command_prefix, settings.port, settings.probe_port) == (
        2.5,
        "acme-",
        8081,
        9000,
    )
    assert at_pace(settings.slack_pace)["chat.postMessage"] == Limit(600, 400)


def test_the_environment_wins_over_the_file_and_empty_means_unset(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("SLACK_BOT_TOKEN=xoxb-file\nSLACK_APP_TOKEN='xapp-file'\nPORT=\nDATABASE_URL=\n", "utf-8")
    settings = Settings.load({"SLACK_BOT_TOKEN": "xoxb-environment"}, dotenv)
    assert (settings.bot_token, settings.app_token, settings.port) == ("xoxb-environment", "xapp-file", 8080)


def test_the_process_environment_is_read_when_none_is_given(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", "9999")
    assert Settings.load(dotenv=None, slack=False).port == 9999


def test_a_mounted_secret_is_read_from_its_file(tmp_path: Path) -> None:
    secret = tmp_path / "token"
    secret.write_text("xoxb-mounted\n", "utf-8")
    environ = {"SLACK_BOT_TOKEN_FILE": str(secret), "SLACK_APP_TOKEN": "xapp-1"}
    assert load(environ).bot_token == "xoxb-mounted"
    secret.unlink()
    assert problems(environ) == {"SLACK_BOT_TOKEN_FILE": "cannot be read (No such file or directory)"}


def test_a_misspelt_name_in_the_file_is_pointed_out(tmp_path: Path) -> None:
    dotenv = tmp_path / ".env"
    dotenv.write_text("RAPPORT_ADMIN=U12\nRAPPORT_XYZZYXYZZYXYZZY=1\nOTHER=1\n", "utf-8")
    with pytest.raises(SettingsError) as caught:
        Settings.load({}, dotenv, slack=False)
    assert [(problem.name, problem.remedy) for problem in caught.value.problems] == [
        ("RAPPORT_ADMIN", "Did you mean RAPPORT_ADMINS?"),
        ("RAPPORT_XYZZYXYZZYXYZZY", "Remove it from .env."),
    ]


def test_secrets_are_not_in_the_representation() -> None:
    settings = load({**SOCKET, **OAUTH, "DATABASE_URL": "postgresql://a:secret@db/crm"})
    for shown in (repr(settings), str(settings)):
        assert "secret=" not in shown
        assert not any(secret in shown for secret in ("xoxb", "xapp", HEX, KEY, "postgresql"))
        assert "port=8080" in shown


def test_the_example_file_explains_every_setting_and_loads() -> None:
    example = (ROOT / ".env.example").read_text("utf-8")
    lines = re.findall(r"^#? ?([A-Z_]+)=", example, re.MULTILINE)
    assert sorted(lines) == sorted(Settings.names())
    settings = Settings.load({}, ROOT / ".env.example", slack=False)
    assert settings == load({}, slack=False)
