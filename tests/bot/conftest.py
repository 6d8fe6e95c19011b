"""Give tests the whole bot: a sandbox Slack, a database of its own, and the people of a company."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from bot.app import Rapport
from bot.manifest import manifest
from bot.registry import Registry, load
from bot.settings import Settings
from sandbox import sample_teams
from sandbox.control import Person
from sandbox.server import Sandbox
from storage.database import Database


@dataclass
class Company:
    """Hold a running bot, its sandbox, and the people who use it."""

    sandbox: Sandbox
    bot: Rapport
    database: Database
    admin_url: str
    rep: Person = field(init=False)
    agent: Person = field(init=False)
    manager: Person = field(init=False)
    admin: Person = field(init=False)
    guest: Person = field(init=False)
    customer: Person = field(init=False)

    def __post_init__(self) -> None:
        for name in ("rep", "agent", "manager", "admin", "guest"):
            setattr(self, name, self.sandbox.person(f"UA{name.upper()}"))
        self.customer = self.sandbox.person("UBCARLA")

    @property
    def workspace(self) -> str:
        """Return our own workspace's id."""
        return "TA"


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Read every plugin once."""
    return load()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Train the starter model once for all tests."""
    from ml.train import ensure_starter

    folder = tmp_path_factory.mktemp("data")
    ensure_starter(folder / "models")
    return folder


@pytest.fixture(params=["socket"])
def transport(request: pytest.FixtureRequest) -> str:
    """Choose how Slack reaches the bot; a test asks for others with parametrize(indirect=True)."""
    return str(request.param)


@pytest.fixture
def start_company(
    admin_url: str, registry: Registry, models: Path, transport: str
) -> Iterator[Callable[..., Company]]:
    """Start companies; what a test changes of the settings are keyword arguments."""
    running: list[Company] = []

    def start(database_url: str = admin_url, **changed: object) -> Company:
        sandbox = Sandbox(seed=sample_teams.two_teams(manifest=manifest(registry, socket_mode=True)))
        sandbox.start()
        settings = Settings(
            bot_token="xoxb-a-sandbox",
            app_token=sample_teams.APP_TOKEN if transport == "socket" else None,
            signing_secret=sample_teams.SIGNING_SECRET,
            api_url=f"{sandbox.url}/api/",
            data_dir=models,
            port=0,
            pool_size=6,
        )
        bot = Rapport(replace(settings, **changed), database_url, registry=registry)  # type: ignore[arg-type]  # by name
        bot.start()
        bot.wait_until_ready(20)
        if transport == "http":
            sandbox.control.app(sample_teams.APP_ID, request_url=f"http://127.0.0.1:{bot.port}/slack/events")
        company = Company(sandbox, bot, Database(admin_url, pool_size=2), admin_url)
        running.append(company)
        return company

    yield start
    for company in reversed(running):
        company.bot.stop(5)
        company.sandbox.stop()
        company.database.dispose()


@pytest.fixture
def company(start_company: Callable[..., Company]) -> Company:
    """Start a company with the usual settings."""
    return start_company()


@pytest.fixture
def rep(company: Company) -> Person:
    """Return a sales rep."""
    return company.rep


@pytest.fixture
def agent(company: Company) -> Person:
    """Return a support agent."""
    return company.agent


@pytest.fixture
def manager(company: Company) -> Person:
    """Return the manager; the first admin gives the role."""
    company.admin.types("/crm role @manager manager", channel="CGENERAL")
    return company.manager


@pytest.fixture
def admin(company: Company) -> Person:
    """Return the admin."""
    return company.admin
