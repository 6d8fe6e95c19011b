"""Wire the bot: settings, database, plugins, Bolt, web, workers and clock; the only place where they meet."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry
from slack_bolt.adapter.socket_mode import SocketModeHandler
from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError
from sqlalchemy import text

from api.health import Health, health_app
from bot import bolt, jobs, web
from bot.clock import Clock
from bot.delivery import Delivery
from bot.dispatch import Dispatcher
from bot.events import INTERACTIONS, Events
from bot.home import HomeView
from bot.intake import Intake
from bot.people import People
from bot.plugin import Slack
from bot.registry import Registry, load
from bot.rendering import Renderings
from bot.respond import Responder
from bot.runtime import Runtime
from bot.settings import Settings
from bot.slack import NETWORK_ERRORS, Installations, SlackDoor
from ml.train import ensure_starter
from storage import members, workspaces
from storage.database import EVERY_WORKSPACE, Database
from storage.secrets import Vault

log = logging.getLogger(__name__)

SOCKETS = 2
CONCURRENCY = 32
RETRY_S = 5.0
TICK_LIMIT_S = 300.0
"""A process whose ticks stand still for this long is restarted; a database that is away must not cause that alone."""
CHANNELS = (workspaces.INSTALLATIONS_CHANGED, workspaces.WORKSPACES_CHANGED, members.MEMBERS_CHANGED)


class Rapport:
    """Run the bot in this process: `start` returns at once, `stop` finishes what was begun.

    `role` is all, slack, worker or api; `database_url` is that of the application's login.
    """

    def __init__(
        self, settings: Settings, database_url: str, *, role: str = "all", registry: Registry | None = None
    ) -> None:
        self.settings = settings
        self.role = role
        self.registry = registry or load(settings.plugins_off, prefix=settings.command_prefix)
        self.database = Database(database_url, pool_size=settings.pool_size)
        self.acks = Database(database_url, pool_size=3, application_name="rapport-ack")
        vault = Vault(settings.encryption_keys) if settings.encryption_keys else None
        self.installations = Installations(self.acks, api_url=settings.api_url, vault=vault, token=settings.bot_token)
        self.people = People(self.database, self._slack, admins=settings.admins)
        model = ensure_starter(Path(settings.data_dir) / "models")
        self.runtime = Runtime(self.database, self.registry, self.people, self._slack, model=model)
        self.home = HomeView(self.database, self.registry, self.people, self.installations)
        self.responder = Responder(self.installations, self.acks, self.home)
        self.dispatcher = Dispatcher(self.runtime, self.responder, self.acks, workers=max(2, settings.pool_size - 2))
        self.metrics = CollectorRegistry()
        self.health = Health(ping=self._ping)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []
        self._sockets: list[SocketModeHandler] = []
        self._wire_workers()
        self._wire_slack()

    def _wire_workers(self) -> None:
        settings = self.settings
        self.events = Events(self.runtime, self.responder, self.people, self.installations, self.home)
        self.intake = Intake(
            self.database,
            self.events.prepare,
            self.events.handle,
            finish=self.events.finish,
            finish_kinds=INTERACTIONS,
            workers=settings.workers,
            lease_s=settings.lease_seconds,
        )
        self.delivery = Delivery(
            self.database,
            Renderings(self.registry).render,
            self.installations.client,
            lease_s=settings.lease_seconds,
            grace_s=settings.grace_seconds,
        )
        self.clock = Clock(self.database, self.delivery, run_job=jobs.Jobs(self.runtime).run)
        if self._has("worker"):
            self.health.watch("clock", self._tick_age, TICK_LIMIT_S)
            self.health.watch("intake", lambda: time.monotonic() - self.intake.workers.last_turn_at, TICK_LIMIT_S)
            self.health.watch("delivery", lambda: time.monotonic() - self.delivery.workers.last_turn_at, TICK_LIMIT_S)

    def _wire_slack(self) -> None:
        self.bolt = bolt.build(
            self.installations,
            self.dispatcher,
            self.intake.store_event,
            unready=self._stopping.is_set,
        )
        endpoint = None
        if not self.settings.socket_mode and self.settings.signing_secret and self._has("slack"):
            endpoint, self._pool = web.slack_endpoint(self.bolt, self.settings.signing_secret)
        self.web = web.web_app(health_app(self.health, self.metrics), endpoint)
        config = uvicorn.Config(
            self.web,
            host="0.0.0.0",  # noqa: S104 - a container is reached from outside
            port=self.settings.port,
            log_config=None,
            access_log=False,
            timeout_graceful_shutdown=5,
        )
        self.server = uvicorn.Server(config)

    def _has(self, role: str) -> bool:
        return self.role in {"all", role}

    def _slack(self, workspace_id: str) -> Slack:
        return SlackDoor(self.installations.client(workspace_id))

    def _ping(self) -> None:
        with self.acks.transaction(EVERY_WORKSPACE, statement_timeout_ms=2_000) as session:
            session.execute(text("SELECT 1"))

    def start(self) -> None:
        """Load what is known, open the port, then connect to Slack and start the workers."""
        self.installations.load()
        self._spawn("web", self.server.run)
        if self._has("worker") or self._has("slack"):
            self._spawn("identify", self._identify)
            self._spawn("listen", self._listen)
        if self._has("worker"):
            self.intake.start()
            self.delivery.start()
            self.clock.start()
        if self._has("slack") and self.settings.socket_mode:
            self._spawn("sockets", self._connect)

    def _spawn(self, name: str, run: Callable[[], None]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def _identify(self) -> None:
        """Ask Slack once which workspace the token belongs to, and keep asking while Slack is down."""
        if not self.settings.bot_token:
            return
        client = self.installations.bare_client(self.settings.bot_token)
        while not self._stopping.is_set():
            try:
                self._remember(client)
                return
            except SlackApiError as exc:
                log.error("Slack refused SLACK_BOT_TOKEN: %s; `rapport doctor` says more", exc.response.get("error"))
                return
            except NETWORK_ERRORS as exc:
                log.warning("Slack can not be reached yet: %s", type(exc).__name__)
            self._stopping.wait(RETRY_S)

    def _remember(self, client: WebClient) -> None:
        who = client.auth_test()
        owner = installer(client)
        scopes = str(who.headers.get("x-oauth-scopes", "")).split(",")
        with self.database.transaction(str(who["team_id"])) as session:
            workspaces.ensure(
                session, name=str(who.get("team") or who["team_id"]), zone=owner.get("tz"), locale=owner.get("locale")
            )
            workspaces.install(
                session,
                bot_id=who.get("bot_id"),
                bot_user_id=who.get("user_id"),
                scopes=[scope for scope in scopes if scope],
                installed_by=owner.get("id"),
            )
            jobs.ensure(session, self.registry, self.runtime.now())
        self.installations.load()
        log.info("serving %s (%s)", who.get("team"), who["team_id"])

    def _connect(self) -> None:
        """Keep two sockets open, so that one is always there while the other is renewed."""
        while len(self._sockets) < SOCKETS and not self._stopping.is_set():
            handler = SocketModeHandler(
                self.bolt,
                self.settings.app_token,
                web_client=WebClient(base_url=self.settings.api_url),
                concurrency=CONCURRENCY,
            )
            try:
                handler.client.connect()
                self._sockets.append(handler)
            except Exception as exc:
                log.warning("no socket to Slack yet: %s", type(exc).__name__)
                handler.client.close()
                self._stopping.wait(RETRY_S)

    def _listen(self) -> None:
        """Drop what is remembered when another process changes it."""
        while not self._stopping.is_set():
            try:
                with self.acks.listen(CHANNELS) as listener:
                    self.installations.load()
                    self.people.forget()
                    while not self._stopping.is_set():
                        for note in listener.wait(1.0):
                            self._heard(note.channel, note.payload)
            except Exception as exc:
                log.warning("not listening for changes: %s", type(exc).__name__)
                self._stopping.wait(RETRY_S)

    def _heard(self, channel: str, payload: str) -> None:
        workspace_id, _space, member_id = payload.partition(" ")
        if channel == workspaces.INSTALLATIONS_CHANGED:
            self.installations.load()
        self.people.forget(workspace_id, member_id)

    def _tick_age(self) -> float:
        """Return how long ago the tick that comes most often began its last good run."""
        return time.monotonic() - max(self.clock.last_tick_at.values())

    @property
    def port(self) -> int:
        """Return the port that the web server listens on, once it does."""
        return int(self.server.servers[0].sockets[0].getsockname()[1])

    def wait_until_ready(self, timeout_s: float) -> None:
        """Wait until a workspace is served and its requests can arrive; raise TimeoutError if that takes too long."""
        deadline = time.monotonic() + timeout_s
        while not (self.server.started and self.connected and self.installations.all()):
            if time.monotonic() > deadline:
                raise TimeoutError("the bot did not become ready")
            time.sleep(0.01)

    @property
    def connected(self) -> bool:
        """Tell whether Slack's requests can arrive: a socket is open, or they come over HTTP."""
        return not self.settings.socket_mode or any(s.client.is_connected() for s in self._sockets)

    def stop(self, timeout_s: float | None = None) -> None:
        """Stop taking work, finish what was begun, release the rest, and close everything."""
        deadline = time.monotonic() + (timeout_s or self.settings.drain_seconds)
        self.health.drain()
        self._stopping.set()
        for handler in self._sockets:
            handler.client.close()
        if self._has("worker"):
            self.clock.stop()
            self.intake.stop(max(0.1, deadline - time.monotonic()))
            self.delivery.stop(max(0.1, deadline - time.monotonic()))
        self.dispatcher.close(max(0.1, deadline - time.monotonic()))
        self.server.should_exit = True
        for thread in self._threads:
            thread.join(max(0.1, deadline - time.monotonic()))
        if hasattr(self, "_pool"):
            self._pool.shutdown(wait=False)
        self.acks.dispose()
        self.database.dispose()


def installer(client: WebClient) -> dict[str, Any]:
    """Return the workspace's primary owner, in whose zone it starts; empty where Slack names none."""
    for person in client.users_list(limit=200, include_locale=True)["members"]:
        if person.get("is_primary_owner"):
            return dict(person)
    return {}
