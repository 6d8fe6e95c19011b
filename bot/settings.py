"""Read everything that comes from the environment, and name all that is missing or malformed at once.

Each setting is declared in one place: its field in `Settings`, with its name, how to read it (bot.setting_values), and
how to get it.
"""

from __future__ import annotations

import difflib
import os
from collections.abc import Callable, Mapping
from dataclasses import MISSING, dataclass, field, fields
from pathlib import Path
from typing import Any, Self
from urllib.parse import urlsplit

from dotenv import dotenv_values

from bot import setting_values as values
from storage.queues.retention import FEWEST_DAYS, Keep
from storage.webhooks.addresses import Allowed

MOST_DAYS = 36_500
SLACK_API_URL = "https://slack.com/api/"


@dataclass(frozen=True)
class Problem:
    """Say what is wrong with one setting, and how to get it right; never what its value was."""

    name: str
    what: str
    remedy: str

    def __str__(self) -> str:
        return f"{self.name}: {self.what}\n    {self.remedy}"


class SettingsError(Exception):
    """List every setting that is missing or malformed, each with how to get it."""

    def __init__(self, problems: list[Problem]) -> None:
        listed = "\n".join(f"  {problem}" for problem in problems)
        super().__init__(f"Some settings need attention (environment or .env):\n{listed}")
        self.problems = problems


def _setting(
    name: str, read: Callable[[str], Any], remedy: str, *, default: Any = None, secret: bool = False
) -> Any:  # the field's annotation says what `read` returns
    return field(default=default, repr=not secret, metadata={"name": name, "read": read, "remedy": remedy})


@dataclass(frozen=True, kw_only=True)
class Settings:
    """Hold the settings of one process; secrets are left out of its representation."""

    bot_token: str | None = _setting(
        "SLACK_BOT_TOKEN",
        values.matching(r"xoxb-[A-Za-z0-9-]+", "must begin with xoxb-"),
        "api.slack.com/apps > your app > Install App > Bot User OAuth Token.",
        secret=True,
    )
    app_token: str | None = _setting(
        "SLACK_APP_TOKEN",
        values.matching(r"xapp-[A-Za-z0-9-]+", "must begin with xapp-"),
        "api.slack.com/apps > your app > Basic Information > App-Level Tokens, with the scope connections:write.",
        secret=True,
    )
    signing_secret: str | None = _setting(
        "SLACK_SIGNING_SECRET",
        values.matching(r"[0-9a-f]{32}", "must be 32 characters, 0-9 and a-f"),
        "api.slack.com/apps > your app > Basic Information > App Credentials > Signing Secret.",
        secret=True,
    )
    client_id: str | None = _setting(
        "SLACK_CLIENT_ID",
        values.matching(r"\d+\.\d+", "must be two numbers with a dot between them"),
        "api.slack.com/apps > your app > Basic Information > App Credentials > Client ID.",
    )
    client_secret: str | None = _setting(
        "SLACK_CLIENT_SECRET",
        values.matching(r"[0-9a-f]{32}", "must be 32 characters, 0-9 and a-f"),
        "api.slack.com/apps > your app > Basic Information > App Credentials > Client Secret.",
        secret=True,
    )
    api_url: str = _setting(
        "SLACK_API_URL",
        values.api_url,
        "Leave it unset for Slack itself; the sandbox prints its own.",
        default=SLACK_API_URL,
    )
    public_url: str | None = _setting(
        "RAPPORT_PUBLIC_URL",
        values.public_url,
        "The address at which Slack and browsers reach this program, as in https://crm.example.com.",
    )
    api_key: str | None = _setting(
        "RAPPORT_API_KEY",
        values.matching(r"rapport_key_[A-Za-z0-9_-]{43}", "must be a key that begins with rapport_key_"),
        "An admin makes one with /crm api-key add; only `rapport mcp` uses it.",
        secret=True,
    )
    database_url: str | None = _setting(
        "DATABASE_URL",
        values.database_url,
        "Ask whoever runs your PostgreSQL (15 or newer), or leave it unset to use the embedded one.",
        secret=True,
    )
    database_admin_url: str | None = _setting(
        "DATABASE_ADMIN_URL",
        values.database_url,
        "The URL of the role that owns the tables; needed for `rapport db upgrade` where DATABASE_URL's may not.",
        secret=True,
    )
    data_dir: Path = _setting(  # noqa: RUF009 - it returns a dataclass field, as dataclasses.field does
        "RAPPORT_DATA_DIR", Path, "A folder this program may write to.", default=Path(".rapport")
    )
    port: int = _setting("PORT", values.number(1, 65535), "Any free port; 8080 when unset.", default=8080)
    probe_port: int = _setting(
        "RAPPORT_PROBE_PORT", values.number(1, 65535), "Any free port but that of PORT; 8081 when unset.", default=8081
    )
    encryption_keys: tuple[str, ...] = _setting(
        "RAPPORT_ENCRYPTION_KEYS",
        values.fernet_keys,
        "Make one with: python -c 'from cryptography.fernet import Fernet; print(Fernet.generate_key().decode())'",
        default=(),
        secret=True,
    )
    command_prefix: str = _setting(
        "RAPPORT_COMMAND_PREFIX",
        values.matching(r"[a-z0-9_-]{1,16}", "must be up to 16 lower-case letters, digits, - or _"),
        "With the prefix acme- the commands are /acme-crm, /acme-deal and so on.",
        default="",
    )
    admins: frozenset[str] = _setting(
        "RAPPORT_ADMINS",
        values.words(r"[UW][A-Z0-9]{2,}", "must be Slack member ids, separated by commas"),
        "In Slack: a person's profile > the three dots > Copy member ID.",
        default=frozenset(),
    )
    plugins: frozenset[str] = _setting(
        "RAPPORT_PLUGINS", values.plugins, "`rapport doctor` lists those that are off.", default=frozenset()
    )
    plugins_off: frozenset[str] = _setting(
        "RAPPORT_PLUGINS_OFF", values.plugins, "`rapport doctor` lists the plugins.", default=frozenset()
    )
    only: frozenset[str] = _setting(
        "RAPPORT_ONLY",
        values.words(r"[^\s,]+", "must be nouns, separated by commas"),
        "Name nouns such as customers,contacts, and `own` for those that workspaces made; unset, programs get all.",
        default=frozenset(),
    )
    api_per_minute: int = _setting(
        "RAPPORT_API_PER_MINUTE",
        values.number(1, 1_000_000),
        "Requests that one API key may make a minute, counted in each process; 600.",
        default=600,
    )
    webhook_allow: Allowed = _setting(  # noqa: RUF009 - as above
        "RAPPORT_WEBHOOK_ALLOW",
        values.allowed_inside,
        "Hosts and networks of your own that webhooks may reach, such as hooks.local,10.1.2.0/24; unset, none inside.",
        default=Allowed(),
    )
    log_level: str = _setting(
        "RAPPORT_LOG_LEVEL",
        values.matching(r"DEBUG|INFO|WARNING|ERROR", "must be DEBUG, INFO, WARNING or ERROR"),
        "INFO is right for most.",
        default="INFO",
    )
    lease_seconds: float = _setting(
        "RAPPORT_LEASE_SECONDS",
        values.seconds,
        "How long a worker may hold a row before another takes it; 60.",
        default=60.0,
    )
    grace_seconds: float = _setting(
        "RAPPORT_GRACE_SECONDS",
        values.seconds,
        "How late Slack may show a message whose sending got no answer; 30.",
        default=30.0,
    )
    drain_seconds: float = _setting(
        "RAPPORT_DRAIN_SECONDS", values.seconds, "How long work in hand may take after SIGTERM; 20.", default=20.0
    )
    slack_pace: float = _setting(
        "RAPPORT_SLACK_PACE",
        values.pace,
        "How many times as many calls a minute as Slack publishes it takes from you; 1.",
        default=1.0,
    )
    heartbeat_file: Path | None = _setting(  # noqa: RUF009 - as above
        "RAPPORT_HEARTBEAT_FILE",
        Path,
        "A file touched every minute as long as no message is late, for a dead man's switch outside.",
        default=None,
    )
    keep_requests: int = _setting(
        "RAPPORT_KEEP_REQUESTS_DAYS",
        values.number(FEWEST_DAYS, MOST_DAYS),
        "Days for which handled requests and their answers are kept, to recognise repeats; 7.",
        default=Keep.requests,
    )
    keep_failures: int = _setting(
        "RAPPORT_KEEP_FAILURES_DAYS",
        values.number(FEWEST_DAYS, MOST_DAYS),
        "Days for which requests and jobs are kept that could not be handled; 90.",
        default=Keep.failures,
    )
    keep_deliveries: int = _setting(
        "RAPPORT_KEEP_DELIVERIES_DAYS",
        values.number(FEWEST_DAYS, MOST_DAYS),
        "Days for which it is kept what was sent, refused or held back; 90.",
        default=Keep.deliveries,
    )
    keep_digests: int = _setting(
        "RAPPORT_KEEP_DIGESTS_DAYS",
        values.number(FEWEST_DAYS, MOST_DAYS),
        "Days for which the numbers of digests can be explained; 400.",
        default=Keep.digests,
    )
    keep_models: int = _setting(
        "RAPPORT_KEEP_MODELS_DAYS",
        values.number(FEWEST_DAYS, MOST_DAYS),
        "Days for which models are kept that answer no more; 90, and the last five in any case.",
        default=Keep.models,
    )
    workers: int = _setting(
        "RAPPORT_WORKERS", values.number(1, 64), "Threads that work off stored requests and messages; 4.", default=4
    )
    pool_size: int = _setting(
        "RAPPORT_POOL_SIZE", values.number(2, 200), "Database connections of this process; 10.", default=10
    )

    @property
    def socket_mode(self) -> bool:
        """Return whether Slack's requests come over Socket Mode; otherwise over signed HTTP."""
        return self.app_token is not None

    @property
    def hosts(self) -> list[str]:
        """Return the names by which this program is reached from outside."""
        return [urlsplit(self.public_url).netloc] if self.public_url else []

    @property
    def keep(self) -> Keep:
        """Return for how long what is over is kept."""
        return Keep(
            requests=self.keep_requests,
            failures=self.keep_failures,
            deliveries=self.keep_deliveries,
            digests=self.keep_digests,
            models=self.keep_models,
        )

    @property
    def oauth(self) -> bool:
        """Return whether workspaces install the app by OAuth; otherwise the one of SLACK_BOT_TOKEN is served."""
        return self.bot_token is None and self.client_id is not None

    @classmethod
    def names(cls) -> list[str]:
        """Return the names of all settings, in the order people are shown them."""
        return [one.metadata["name"] for one in fields(cls)]

    @classmethod
    def load(
        cls, environ: Mapping[str, str] | None = None, dotenv: str | Path | None = ".env", *, slack: bool = True
    ) -> Self:
        """Read the environment, and the file where the environment is silent; raise SettingsError with all problems.

        Any `NAME_FILE` names a file that holds the value of `NAME` (a mounted secret). Empty means unset. `slack` is
        False for what needs no connection to Slack: then its settings may be missing, though not malformed.
        """
        given = os.environ if environ is None else environ
        file = {} if dotenv is None else dotenv_values(dotenv, interpolate=False)
        problems = _misspelt(file, cls.names())
        present = {name: value for name, value in {**file, **given}.items() if value}
        found: dict[str, Any] = {}
        for one in fields(cls):
            name, read, remedy = (one.metadata[key] for key in ("name", "read", "remedy"))
            assert one.default is not MISSING
            try:
                text = _value(present, name)
                if text:
                    found[one.name] = read(text)
            except OSError as error:
                problems.append(Problem(f"{name}_FILE", f"cannot be read ({error.strerror})", remedy))
            except ValueError as error:
                problems.append(Problem(name, str(error), remedy))
                found[one.name] = one.default
        settings = cls(**found)
        malformed = {problem.name.removesuffix("_FILE") for problem in problems}
        if slack:
            problems += [missing for missing in _missing(settings) if not malformed & set(missing.name.split(" or "))]
        if settings.database_admin_url and not settings.database_url and "DATABASE_URL" not in malformed:
            problems.append(_problem("DATABASE_URL", "is missing, though DATABASE_ADMIN_URL is set"))
        if settings.port == settings.probe_port and not malformed & {"PORT", "RAPPORT_PROBE_PORT"}:
            problems.append(_problem("RAPPORT_PROBE_PORT", "must be another port than PORT"))
        if problems:
            raise SettingsError(problems)
        return settings


def _value(present: Mapping[str, str], name: str) -> str:
    if name in present:
        return present[name].strip()
    path = present.get(f"{name}_FILE")
    return Path(path).read_text(encoding="utf-8").strip() if path else ""


def _problem(name: str, what: str) -> Problem:
    remedies = {one.metadata["name"]: one.metadata["remedy"] for one in fields(Settings)}
    return Problem(name, what, " ".join(remedies[each] for each in name.split(" or ")))


def _missing(settings: Settings) -> list[Problem]:
    """Say what else it takes to serve a workspace."""
    problems = []
    if settings.app_token is None and settings.signing_secret is None:
        problems.append(
            _problem("SLACK_APP_TOKEN or SLACK_SIGNING_SECRET", "one is needed: Socket Mode or signed HTTP requests")
        )
    if settings.bot_token is not None:
        return problems
    if settings.client_id is None and settings.client_secret is None:
        return [_problem("SLACK_BOT_TOKEN", "is missing"), *problems]
    if settings.client_id is None:
        problems.append(_problem("SLACK_CLIENT_ID", "is missing, though SLACK_CLIENT_SECRET is set"))
    if settings.client_secret is None:
        problems.append(_problem("SLACK_CLIENT_SECRET", "is missing, though SLACK_CLIENT_ID is set"))
    if not settings.encryption_keys:
        problems.append(_problem("RAPPORT_ENCRYPTION_KEYS", "is missing: the tokens of workspaces are kept encrypted"))
    if settings.public_url is None:
        problems.append(_problem("RAPPORT_PUBLIC_URL", "is missing: installing by OAuth comes back to it"))
    return problems


def _misspelt(file: Mapping[str, str | None], names: list[str]) -> list[Problem]:
    """Name the settings of ours in the file that do not exist; the environment may hold other programs'."""
    known = {*names, *(f"{name}_FILE" for name in names)}
    problems = []
    for name in file:
        if name.startswith(("RAPPORT_", "DATABASE_")) and name not in known:
            near = difflib.get_close_matches(name, names, n=1)
            remedy = f"Did you mean {near[0]}?" if near else "Remove it from .env."
            problems.append(Problem(name, "is not a setting", remedy))
    return problems
