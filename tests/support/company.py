"""A running bot, its sandbox Slack, and the people of a company who use it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from psycopg.errors import DeadlockDetected
from sqlalchemy import text

from bot.app import Rapport
from bot.registry import Registry
from bot.settings import Settings
from bot.slack.manifest import manifest
from sandbox import sample_teams
from sandbox.control.client import PATIENCE, Person
from sandbox.seed import sow
from sandbox.server import Sandbox
from sandbox.world.workspace import Workspace
from storage.database.engine import EVERY_WORKSPACE, Database
from tests.support.cluster import FORGET, connect
from tests.support.waiting import until

UNHURRIED_S = 120.0
"""How long Slack waits in tests that are not about that, so that a slow machine changes no answer."""
FORGETTING = 5
"""How often emptying the database is tried."""
AT_HAND = text("""
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

    def settles(self, within: float = PATIENCE) -> None:
        """Wait until everything that was said is handled, and everything that is to be sent is sent."""
        self.sandbox.control.settles(within)
        until(lambda: not self._at_hand(), within, otherwise=lambda: f"it does not settle:\n{self._at_hand()}")
        self.bot.dispatcher.settle(within)

    def _at_hand(self) -> str:
        """Return what is in work or could be, a line each."""
        with self.database.transaction(EVERY_WORKSPACE) as session:
            return "\n".join(session.scalars(AT_HAND))

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


Starter = Callable[..., Company]


def seed_of(registry: Registry) -> dict[str, Any]:
    """Return the two teams; only ours has the app, as a customer's messages would else be stored for them too."""
    seed = sample_teams.two_teams(manifest=manifest(registry, socket_mode=True))
    ours, theirs = seed["teams"]
    bots = {install["bot_user_id"] for install in theirs.pop("installs")}
    for channel in [*ours["channels"], *theirs["channels"]]:
        channel["members"] = [member for member in channel["members"] if member not in bots]
    return seed


def start_company_on(
    database_url: str, admin_url: str, registry: Registry, models: Path, transport: str, changed: dict[str, object]
) -> Company:
    seed = seed_of(registry)
    sandbox = Sandbox(seed=seed)
    sandbox.start()
    settings = Settings(
        bot_token="xoxb-a-sandbox",
        app_token=sample_teams.APP_TOKEN if transport == "socket" else None,
        signing_secret=sample_teams.SIGNING_SECRET,
        api_url=f"{sandbox.url}/api/",
        data_dir=models,
        port=0,
        probe_port=0,
        pool_size=6,
    )
    bot = Rapport(replace(settings, **changed), database_url, registry=registry)  # type: ignore[arg-type]  # by name
    bot.start()
    bot.wait_until_ready(UNHURRIED_S)
    company = Company(sandbox, bot, Database(admin_url, pool_size=2), admin_url, seed)
    company.hurry_nobody()
    company.point()
    return company
