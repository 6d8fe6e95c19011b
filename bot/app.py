"""Wire the bot: settings, database, plugins, Bolt, web, workers and clock; the only place where they meet."""

from __future__ import annotations

import gc
import logging
import threading
import time
from collections.abc import Callable
from pathlib import Path

from prometheus_client import CollectorRegistry
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session

from api import payloads
from api.apps import apps, open_door
from api.health import Health, health_app
from bot.delivery.audit import AUDIT_S, Audit
from bot.delivery.calls import at_pace
from bot.delivery.renderer import Renderings
from bot.delivery.sender import Sender
from bot.delivery.webhook_calls import WebhookCaller
from bot.delivery.webhooks import WebhookSender
from bot.events.handler import INTERACTIONS, Events
from bot.events.intake import Intake
from bot.invalidation import Hearing
from bot.learning.meanings import Meanings
from bot.learning.models import Models
from bot.learning.starter import Starter
from bot.learning.trainer import LOOK_S, Learning
from bot.outages import watch
from bot.plugin import Slack
from bot.registry import Registry, load
from bot.requests.actors import People
from bot.requests.audience import Audience
from bot.requests.dispatcher import Dispatcher
from bot.requests.failures import Failures
from bot.requests.home import HomeView
from bot.requests.responder import Responder
from bot.requests.runtime import Runtime
from bot.schedule import given_fields, imports, jobs, moves, roll_call
from bot.schedule.clock import Clock
from bot.settings import Settings
from bot.slack import oauth
from bot.slack.clients import Installations, SlackDoor
from bot.slack.installer import Installer
from bot.slack.sharing import Sharing
from bot.wire import bolt, http
from bot.wire.dropped import Dropped
from bot.wire.rest import ForPrograms
from bot.wire.serving import HttpListener
from bot.wire.socket import Sockets
from storage.database.confinement import Unconfined
from storage.database.engine import Database
from storage.database.outages import outage
from storage.database.secrets import Vault

log = logging.getLogger(__name__)

WARM_S = 0.1
"""How often it is looked whether the bot serves and the model can be loaded."""
TICK_LIMIT_S = 300.0
"""A process whose ticks stand still for this long is restarted; a database that is away must not cause that alone."""
PROBES = 16
"""Connections for probes and metrics at a time."""
PROGRAMS = 4
"""Programs that are served at a time by a process that serves people too."""
LOOP_LIMIT_S = 30.0
"""Nothing that may wait runs in the event loop: one that has not moved for this long will not come back."""


class Rapport:
    """Run the bot in this process: `start` returns at once, `stop` finishes what was begun.

    `role` is all, slack, worker or api; `database_url` is that of the application's login.
    """

    def __init__(
        self, settings: Settings, database_url: str, *, role: str = "all", registry: Registry | None = None
    ) -> None:
        self.settings = settings
        self.role = role
        self.registry = registry or load(settings.plugins_off, on=settings.plugins, prefix=settings.command_prefix)
        self.database = Database(database_url, pool_size=settings.pool_size)
        # Its own connections, so that neither digests nor a flood of events keep people waiting.
        self.background = self.database.another(pool_size=settings.workers + 3, application_name="rapport-work")
        self.acks = self.database.another(pool_size=3, application_name="rapport-ack")
        vault = Vault(settings.encryption_keys) if settings.encryption_keys else None
        self.installations = Installations(self.acks, api_url=settings.api_url, vault=vault, token=settings.bot_token)
        self.people = People(self.database, self._slack, admins=settings.admins)
        self._begun = threading.Event()
        self.stopping = threading.Event()
        self.starter = Starter(Path(settings.data_dir) / "models")
        self.models = Models(self.starter.model)
        self.learning = Learning(database_url, self.models)
        self.metrics = CollectorRegistry()
        self.dropped = Dropped(self.metrics)
        failures = Failures(self.registry, self.metrics)
        self.runtime = Runtime(
            self.database, self.registry, self.people, self._slack, model=self.models.of, failures=failures
        )
        self.installer = Installer(self.database, self.installations, self._begin_jobs, vault=vault)
        self.home = HomeView(self.database, self.registry, self.people, self.installations, failures=failures)
        self.roll_calls = roll_call.RollCalls(
            self.background, self.runtime, self.installations.client, self.home, settings, stopping=self.stopping
        )
        self.sharing = Sharing(hears=self._has("slack"))
        self.hearing = Hearing(
            self.acks,
            self.installations,
            self.people,
            self.models,
            self.sharing,
            self.roll_calls.ask,
            gaps=(lambda: self.sockets.gaps if self.sockets else 0) if self._has("slack") else None,
        )
        audience = Audience(self.sharing, self.database, self._slack, self.installations.client)
        self.responder = Responder(self.installations, self.acks, self.home, audience)
        self.dispatcher = Dispatcher(
            self.runtime, self.responder, self.acks, workers=settings.pool_size, lease_s=settings.lease_seconds
        )
        self.health = Health(ping=self.acks.ask, explain=lambda exc: outage(exc) or type(exc).__name__)
        if role != "api":
            self.health.need("slack", self.installer.missing)
        self._threads: list[threading.Thread] = []
        self._wire_workers()
        # Where people are served too, few connections and of its own: no flood of programs keeps them waiting.
        few = PROGRAMS if self._has("slack") else settings.pool_size
        lent, pace = ForPrograms(self.runtime, settings.only), settings.api_per_minute
        self.door = open_door(self.database, lent, per_minute=pace, connections=few) if self._has("api") else None
        self._wire_slack()

    def _wire_workers(self) -> None:
        settings = self.settings
        self.events = Events(self.runtime, self.responder, self.people, self.installations, self.home)
        self.intake = Intake(
            self.background,
            self.events.prepare,
            self.events.handle,
            finish=self.events.finish,
            finish_kinds=INTERACTIONS,
            workers=settings.workers,
            lease_s=settings.lease_seconds,
        )
        renderings = Renderings(self.registry, model=self.models.of)
        self.delivery = Sender(
            self.background,
            renderings.render,
            self.installations.client,
            hold=renderings.hold,
            ours=renderings.ours,
            sharing=self.sharing,
            lease_s=settings.lease_seconds,
            grace_s=settings.grace_seconds,
            limits=at_pace(settings.slack_pace),
        )
        draw = payloads.drawing(self.registry.declarations)
        self.webhooks = WebhookSender(self.background, draw, WebhookCaller(settings.webhook_allow))
        self.runtime.inside = settings.webhook_allow
        self.imports = imports.Imports(self.background, self.registry)
        self.moves = moves.Moves(self.background, self.runtime)
        self.audit = Audit(self.background, self.metrics, settings.heartbeat_file)
        self.clock = Clock(
            self.background,
            self.delivery,
            run_job=jobs.Jobs(self.runtime).run,
            keep=settings.keep,
            ticks={
                "learn": (LOOK_S, self.learning.tick),
                "meaning": (LOOK_S, Meanings(self.background, self.stopping).tick),
                "audit": (AUDIT_S, self.audit.tick),
                "roll-call": (roll_call.LOOK_S, self.roll_calls.tick),
            },
        )
        if self._has("worker"):
            self.health.watch("clock", self._tick_age, TICK_LIMIT_S)
            self.health.watch("intake", lambda: time.monotonic() - self.intake.workers.last_turn_at, TICK_LIMIT_S)
            self.health.watch("delivery", lambda: time.monotonic() - self.delivery.workers.last_turn_at, TICK_LIMIT_S)

    def _wire_slack(self) -> None:
        self.bolt = bolt.build(
            self.installations,
            self.dispatcher,
            self.intake.store_event,
            unready=self.stopping.is_set,
            starting=self.installer.is_starting,
            dropped=self.dropped.count,
        )
        self.sockets = None
        if self.settings.app_token and self._has("slack"):
            self.sockets = Sockets(
                self.bolt, self.dispatcher, self.settings.app_token, self.settings.api_url, self.installer.knows
            )
            self.health.need("socket", self.sockets.missing)
        self._endpoint = None
        if not self.settings.socket_mode and self.settings.signing_secret and self._has("slack"):
            self._endpoint = http.SlackEndpoint(
                self.bolt,
                self.dispatcher,
                self.settings.signing_secret,
                self.dropped.count,
                ready=self._begun.is_set,
            )
        pages = oauth.pages(self.settings, self.installer, self.registry) if self._has("slack") else {}
        slack = self._endpoint.answer if self._endpoint else None
        self.public = HttpListener(
            http.web_app(slack, pages, apps(self.door, self.settings.hosts)), self.settings.port, "PORT"
        )
        self.probes = HttpListener(
            health_app(self.health, self.metrics), self.settings.probe_port, "RAPPORT_PROBE_PORT", most=PROBES
        )
        # The probes have a loop of their own: that they answer says nothing about the one that people wait for.
        self.health.watch("web", self.public.age, LOOP_LIMIT_S)

    def _has(self, role: str) -> bool:
        return self.role in {"all", role}

    def _begin_jobs(self, session: Session) -> None:
        jobs.ensure(session, self.registry, self.runtime.now())
        given_fields.ensure(session, self.registry)

    def _slack(self, workspace_id: str) -> Slack:
        return SlackDoor(self.installations.client(workspace_id))

    def start(self) -> None:
        """Open the ports and begin."""
        self.open()
        self.begin()

    def open(self) -> None:
        """Open the ports and answer probes; what Slack sends waits."""
        for listener in (self.public, self.probes):
            listener.open()
        self.probes.start()

    def refuse(self) -> None:
        """Answer Slack with 503 until `begin`, which may be long: events come again, and people see that it failed."""
        self.public.start()

    def begin(self) -> None:
        """Load what is known, then connect to Slack and start the workers."""
        try:
            self.installations.load()
        except (SQLAlchemyError, Unconfined) as exc:
            # They are loaded as soon as the database can be listened to; until then the process is not ready.
            log.warning("the installations could not be read yet: %s", type(exc).__name__, extra={"cause": exc})
        self._begun.set()
        self.public.start()
        if self._has("worker") or self._has("slack"):
            self._spawn("identify", lambda: self.installer.keep_identified(self.stopping))
            self._spawn("listen", lambda: self.hearing.run(self.stopping))
            self._spawn("watch", lambda: watch(self.acks, self.stopping))
            self._spawn("warm-model", self.warm_model)
        if self._has("worker"):
            working = (self.intake, self.delivery, self.webhooks.workers, self.imports.workers, self.moves.workers)
            for one in (*working, self.clock):
                one.start()
        if self.sockets:
            self._spawn("sockets", self.sockets.run)

    def keep_what_is_loaded(self) -> None:
        """Have the collector pass over what was loaded by the time the model is: it stays as long as the process.

        A full collection that walks it keeps people waiting. It is for the program, not for what embeds a bot: objects
        that are kept so are hidden from whoever asks the collector about them.
        """
        self._spawn("keep", self._keep)

    def _keep(self) -> None:
        if self._has("worker") or self._has("slack"):
            self.warm_model()
        gc.freeze()

    def warm_model(self) -> None:
        """Load the model before it is asked for, but not while people wait for the bot to serve."""
        while not self._serves:
            if self.stopping.wait(WARM_S):
                return
        self.starter.model()

    def _spawn(self, name: str, run: Callable[[], object]) -> None:
        thread = threading.Thread(target=run, name=name, daemon=True)
        thread.start()
        self._threads.append(thread)

    def identify(self) -> None:
        """Ask Slack which workspace the token belongs to, and keep asking until it says."""
        self.installer.identify(self.stopping)

    def _tick_age(self) -> float:
        """Return how long ago the tick that comes most often began its last good run."""
        return time.monotonic() - max(self.clock.last_tick_at.values())

    @property
    def port(self) -> int:
        """Return the port for Slack and browsers, once it is listened on."""
        return self.public.port

    @property
    def probe_port(self) -> int:
        """Return the port for probes and metrics, once it is listened on."""
        return self.probes.port

    def wait_until_ready(self, timeout_s: float) -> None:
        """Wait until a workspace is served and its requests can arrive; raise TimeoutError if that takes too long."""
        deadline = time.monotonic() + timeout_s
        while not self._serves:
            if time.monotonic() > deadline:
                raise TimeoutError("the bot did not become ready")
            time.sleep(0.01)

    @property
    def _serves(self) -> bool:
        """Tell whether a workspace is served and what this process takes from Slack can arrive."""
        connected = self.sockets is None or self.sockets.connected
        return self.public.started and self.probes.started and connected and bool(self.installations.all())

    def stop(self, timeout_s: float | None = None) -> None:
        """Stop taking work, finish what was begun, release the rest, and close everything."""
        deadline = time.monotonic() + (timeout_s or self.settings.drain_seconds)

        def left() -> float:
            return max(0.1, deadline - time.monotonic())

        self.health.drain()
        self.stopping.set()
        ending: list[Callable[[float], object]] = [self.intake.stop, self.public.stop]
        if self._has("worker"):
            self.learning.stop()
            ending += [self.delivery.stop, self.webhooks.workers.stop, self.imports.workers.stop]
            ending += [self.moves.workers.stop, self.clock.stop]
        if self.sockets:
            ending.append(self.sockets.close)
        # All at once: each of them mostly waits for what it has begun.
        waiting = [threading.Thread(target=end, args=(left(),), daemon=True) for end in ending]
        for thread in waiting:
            thread.start()
        for thread in waiting:
            thread.join(left())
        self.dispatcher.close(left())
        for thread in self._threads:
            thread.join(left())
        for door in (one for one in (self._endpoint, self.door) if one):
            door.close()
        self.probes.stop(left())
        self.starter.close()
        self.learning.close()
        for database in (self.acks, self.background, self.database):
            database.dispose()
