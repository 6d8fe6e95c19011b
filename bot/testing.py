"""Test a plugin as its users meet it: a sandbox Slack, a Postgres, the bot, and people who type, click and see.

A plugin's `conftest.py` says `pytest_plugins = ["bot.testing"]`; its tests then take `company`, or `rep`, `agent`,
`manager` and `admin`, of a company on its first day, and `session`, a transaction of the bot's there. The plugins that
`pyproject.toml` beside the tests names as entry points need not be installed, and RAPPORT_PLUGINS says which bundled
ones are on. RAPPORT_DATA_DIR may name a folder that keeps the model from run to run, for tests in which messages are
read (`company.reads()`). Nothing but the product and pytest is needed, and nothing leaves the machine.
"""

from __future__ import annotations

import os
import sys
import tomllib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, field, replace
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import TYPE_CHECKING, Any

import psycopg
import pytest
from psycopg.errors import DeadlockDetected
from sqlalchemy import func, make_url, select, text, update

from sandbox import sample_teams
from sandbox.control.client import PATIENCE, Person
from sandbox.control.waiting import until
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.queues.due import JOB, Due

if TYPE_CHECKING:
    from sqlalchemy.orm import Session

    from bot.app import Rapport
    from bot.registry import Registry
    from sandbox.server import Sandbox

OURS = "(SELECT oid FROM pg_namespace WHERE nspname NOT LIKE 'pg\\_%' AND nspname <> 'information_schema')"
"""The core's schema and those of plugins."""

# Without the triggers that check foreign keys the order of the tables does not matter.
FORGET_ROWS = f"""
    SET LOCAL session_replication_role = replica;
    FOR one IN SELECT oid::regclass FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition
        AND relnamespace IN {OURS} AND relname <> 'alembic_version'
    LOOP EXECUTE 'DELETE FROM ' || one; END LOOP;
    PERFORM setval(oid::regclass, 1, false) FROM pg_class
        WHERE relkind = 'S' AND relnamespace IN {OURS};
"""
FORGET = f"DO $$ DECLARE one text; BEGIN {FORGET_ROWS} END $$"

UNHURRIED_S = 120.0
"""How long Slack waits in tests that are not about that, so that a slow machine changes no answer."""
FORGETTING = 5
"""How often emptying the database is tried."""
_AT_HAND = text("""
    SELECT inbox::text FROM inbox WHERE state IN ('pending', 'working') AND not_before <= now()
    UNION ALL
    SELECT outbox::text FROM outbox WHERE state IN ('pending', 'sending') AND coalesce(not_before, now()) <= now()
    UNION ALL
    SELECT import_run::text FROM import_run WHERE state IN ('reading', 'checking', 'running', 'undoing')
    UNION ALL
    SELECT records_move::text FROM records_move WHERE state IN ('running', 'undoing')
""")


@dataclass
class Company:
    """Hold a running bot, its sandbox, and the people who use it."""

    sandbox: Sandbox
    bot: Rapport
    database: Database
    admin_url: str
    seed: dict[str, Any]
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

    def point(self) -> None:
        """Tell the sandbox where the bot listens, where that is not a socket."""
        if not self.bot.settings.socket_mode:
            url = f"http://127.0.0.1:{self.bot.port}/slack/events"
            self.sandbox.control.app(sample_teams.APP_ID, request_url=url)

    def hurry_nobody(self) -> None:
        """Let Slack wait, and the bot with it."""
        settings = self.sandbox.core.world.settings
        settings.answer_seconds = settings.trigger_seconds = UNHURRIED_S
        self.bot.dispatcher.patience, self.bot.dispatcher.deadline = UNHURRIED_S / 2, UNHURRIED_S * 3 / 4
        if self.bot.sockets:
            self.bot.sockets.slack_waits_s = UNHURRIED_S
        # Nobody reads along, so messages need not be a second apart in a channel.
        self.bot.delivery.apart_s = 0.0

    def gives(self, name: str, roles: str) -> None:
        """Have the admin give somebody roles, and wait until the bot has heard that what it remembers is old."""
        self.admin.types(f"/crm role @{name} {roles}", channel="CGENERAL")
        asked = {role.strip() for role in roles.split(",")}
        until(lambda: set(self.bot.people.find(self.workspace, f"UA{name.upper()}").member.roles) == asked)

    def reads(self) -> None:
        """Have the model that reads messages at hand; to make it the first time takes half a minute."""
        self.bot.starter.model()

    def settles(self, within: float = PATIENCE) -> None:
        """Wait until everything that was said is handled, and everything that is to be sent is sent."""
        self.sandbox.control.settles(within)
        until(lambda: not self._at_hand(), within, otherwise=lambda: f"it does not settle:\n{self._at_hand()}")
        self.bot.dispatcher.settle(within)

    def _at_hand(self) -> str:
        """Return what is in work or could be, a line each."""
        with self.database.transaction(EVERY_WORKSPACE) as session:
            return "\n".join(session.scalars(_AT_HAND))

    def runs_job(self, job_id: str) -> None:
        """Let the hour of a plugin's job come, and wait until it has run."""
        theirs = Due.kind == JOB + job_id
        with self.database.transaction(self.workspace) as session:
            session.execute(update(Due).where(theirs).values(at=func.now()))
        self.bot.clock.jobs.wake()

        def over() -> bool:
            with self.database.transaction(self.workspace) as session:
                return session.scalar(select(Due.id).where(theirs, Due.at <= func.now())) is None

        until(over)
        self.settles()

    def begin_again(self) -> None:
        """Forget all that happened: an empty database, the sandbox as it was sown, and nothing remembered."""
        self.settles()
        with closing(connect(self.admin_url)) as connection:
            # A tick may be at work in the same rows, in another order.
            for _attempt in range(FORGETTING):
                try:
                    connection.execute(FORGET)
                    break
                except DeadlockDetected:
                    continue
            else:
                raise RuntimeError("the database could not be emptied")
        from sandbox.seed import sow
        from sandbox.world.workspace import Workspace

        world, fresh = self.sandbox.core.world, Workspace()
        sow(fresh, self.seed)
        kept = {"changes", "_last_ts"}
        vars(world.workspace).update({name: value for name, value in vars(fresh).items() if name not in kept})
        world.settings, world.clock = type(world.settings)(), type(world.clock)()
        self.hurry_nobody()
        self.sandbox.core.faults.clear()
        world.calls.clear()
        world.deliveries.clear()
        world.workspace.changes.bump()
        self.point()
        self.bot.people.forget()
        self.bot.models.forget()
        self.bot.identify()

    def close(self) -> None:
        """Stop everything."""
        # The sandbox first: a socket closed from there wakes the bot's reader, which else waits for seconds.
        self.sandbox.stop()
        self.bot.stop(5)
        self.database.dispose()


def seed_of(registry: Registry) -> dict[str, Any]:
    """Return the two teams; only ours has the app, as a customer's messages would else be stored for them too."""
    from bot.slack.manifest import manifest

    seed = sample_teams.two_teams(manifest=manifest(registry, socket_mode=True))
    ours, theirs = seed["teams"]
    bots = {install["bot_user_id"] for install in theirs.pop("installs")}
    for channel in [*ours["channels"], *theirs["channels"]]:
        channel["members"] = [member for member in channel["members"] if member not in bots]
    return seed


def start_company_on(
    database_url: str,
    admin_url: str,
    registry: Registry,
    data: Path,
    transport: str,
    changed: dict[str, object],
    *,
    warm: bool = True,
) -> Company:
    """Start a sandbox and a bot on a database that is migrated; `changed` are settings that differ from the usual.

    Unless `warm`, the model that reads messages is made once somebody asks for it, which takes half a minute.
    """
    from bot.app import Rapport
    from bot.settings import Settings
    from sandbox.server import Sandbox

    seed = seed_of(registry)
    sandbox = Sandbox(seed=seed)
    sandbox.start()
    settings = Settings(
        bot_token="xoxb-a-sandbox",
        app_token=sample_teams.APP_TOKEN if transport == "socket" else None,
        signing_secret=sample_teams.SIGNING_SECRET,
        api_url=f"{sandbox.url}/api/",
        data_dir=data,
        port=0,
        probe_port=0,
        pool_size=6,
    )
    bot = Rapport(replace(settings, **changed), database_url, registry=registry)  # type: ignore[arg-type]  # by name
    if not warm:
        vars(bot)["warm_model"] = lambda: None
    bot.start()
    bot.wait_until_ready(UNHURRIED_S)
    company = Company(sandbox, bot, Database(admin_url, pool_size=2), admin_url, seed)
    company.hurry_nobody()
    company.point()
    return company


def connect(url: str) -> psycopg.Connection[Any]:
    """Open a connection of the superuser's on which every statement is its own transaction."""
    plain = make_url(url).set(drivername="postgresql").render_as_string(hide_password=False)
    return psycopg.connect(plain, autocommit=True)


def _beside(folder: Path) -> list[EntryPoint]:
    """Return the plugins that a folder's project declares, and have them found where they are not installed."""
    from bot.registry import ENTRY_POINTS

    project = folder / "pyproject.toml"
    told = tomllib.loads(project.read_text("utf-8")) if project.exists() else {}
    sys.path[:0] = [str(one) for one in (folder / "src", folder) if one.is_dir() and str(one) not in sys.path]
    named = told.get("project", {}).get("entry-points", {}).get(ENTRY_POINTS, {})
    return [EntryPoint(name, value, ENTRY_POINTS) for name, value in named.items()]


@pytest.fixture(scope="session")
def kept_company(
    pytestconfig: pytest.Config, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Callable[[], Company]]:
    """Lend the one company of this run of pytest, each time on its first day: to start it takes seconds."""
    from bot.registry import load
    from storage.database import migrate
    from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres

    named = os.environ.get("RAPPORT_PLUGINS", "").split(",")
    registry = load(on=filter(None, named), beside=_beside(pytestconfig.rootpath))
    server = EmbeddedPostgres(tmp_path_factory.mktemp("postgres"), settings=UNSAFE_BUT_FAST, dies_with_starter=True)
    url = server.start()
    for line in registry.lines:
        migrate.upgrade(url, line=line)
    data = Path(os.environ.get("RAPPORT_DATA_DIR") or tmp_path_factory.mktemp("data"))
    company = start_company_on(url, url, registry, data, "socket", {}, warm=False)

    def lend() -> Company:
        company.begin_again()
        return company

    yield lend
    company.close()
    server.remove()


@pytest.fixture
def company(kept_company: Callable[[], Company]) -> Company:
    """Return a company on its first day."""
    return kept_company()


@pytest.fixture
def session(company: Company) -> Iterator[Session]:
    """Open a transaction in the company's workspace, as the bot does; it is rolled back, whatever became of it."""
    with company.bot.database.transaction(company.workspace) as session:
        yield session
        session.rollback()


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
    company.gives("manager", "manager")
    return company.manager


@pytest.fixture
def admin(company: Company) -> Person:
    """Return the admin."""
    return company.admin
