"""Let what fails in an optional plugin cost that one call, and count it under the plugin's name."""

from __future__ import annotations

import logging
from collections.abc import Callable
from typing import TypeVar

from prometheus_client import CollectorRegistry, Counter
from sqlalchemy.orm import Session

from bot.i18n import _
from bot.plugin import Handler
from bot.registry import Registry
from storage import events
from storage.database.outages import Outage, outage

log = logging.getLogger(__name__)

T = TypeVar("T")
BUILT_IN = "bot.handlers."


class SectionFailed(Exception):
    """A section of a card raised, and only with the whole transaction can what it did be undone."""


class Failures:
    """Count the calls into plugins that raised, as `rapport_plugin_failures_total{plugin}`, and contain them.

    What plugins count themselves is shown beside it.
    """

    def __init__(self, registry: Registry, metrics: CollectorRegistry | None = None) -> None:
        self._registry = registry
        self._counter = Counter(
            "rapport_plugin_failures", "Calls into a plugin that raised.", ["plugin"], registry=metrics
        )
        if metrics is not None:
            for counted in (one for plugin in registry.plugins.values() for one in plugin.metrics):
                metrics.register(counted.counter)

    def count(self, handler: Handler) -> None:
        """Count a call that raised."""
        self._counter.labels(self._registry.owner(handler)).inc()

    def contain(self, handler: Handler, call: Callable[[], T], session: Session | None = None) -> T | None:
        """Make a call that belongs to a handler; None where it is an optional plugin's and raises.

        What the failed call did in the session is undone, and what it said happened was never said. What a built-in
        handler raises passes: nothing of a request is saved if the CRM itself could not do its part. So does what the
        database could not do, which is no fault of a plugin, and a section's failure, for which all is done again.
        """
        if handler.__module__.startswith(BUILT_IN):
            return call()
        said = events.drain(session) if session else []
        try:
            if session is None:
                return call()
            with session.begin_nested():
                return call()
        except Exception as exc:
            if outage(exc) or isinstance(exc, SectionFailed):
                raise
            log.exception("%s.%s failed, the rest goes on without it", handler.__module__, handler.__qualname__)
            self.count(handler)
            if session:
                events.drain(session)
            return None
        finally:
            if session:
                for fact in (*said, *events.drain(session)):
                    events.emit(session, fact)

    def draw(self, handler: Handler, call: Callable[[], T], session: Session, *, apart: bool) -> T | None:
        """Have a handler draw its section of a card: `apart` it costs only itself, else raise SectionFailed.

        A savepoint takes two round trips of each section, so sections are drawn apart only once one has failed.
        """
        if apart:
            return self.contain(handler, call, session)
        try:
            return call()
        except Exception as exc:
            if outage(exc):
                raise
            raise SectionFailed from exc


def again_apart(run: Callable[..., T]) -> T:
    """Run a transaction, and once more with each section apart where one failed and took all with it."""
    try:
        return run()
    except SectionFailed:
        return run(apart=True)


def because(kind: Outage) -> str:
    """Say to a person why the database could not save what was asked for."""
    match kind:
        case Outage.AWAY:
            return _("I can't reach the database, so nothing was saved. Please try again in a minute.")
        case Outage.READ_ONLY:
            return _("The database is read-only right now, so nothing was saved. Please try again in a minute.")
        case Outage.FULL:
            return _("The database is full right now, so nothing was saved. Please tell whoever runs Rapport.")
        case Outage.CROWDED:
            return _("The database takes no more connections, so nothing was saved. Please try again in a minute.")
        case Outage.UNCONFINED:
            return _(
                "The database would not keep workspaces apart right now, so nothing was done."
                " Please tell whoever runs Rapport."
            )
