"""Say what `rapport doctor` finds of plugins: whether they load, what they look at themselves, what they have left."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from sqlalchemy.exc import SQLAlchemyError

from bot.plugin import Check
from bot.registry import PluginError, Registry, bundled_off, load
from bot.requests.runtime import call_with
from bot.settings import Settings
from storage.database import migrate
from storage.database.confinement import Unconfined
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.workspace import workspaces

SHOWN = 3


@dataclass(frozen=True)
class Finding:
    """Say how one thing is, and what to do where it is not well."""

    name: str
    ok: bool
    detail: str
    remedy: str = ""


def plugins(settings: Settings) -> tuple[Registry | None, Finding]:
    """Load the plugins, or say which one stops the start and why."""
    try:
        registry = load(settings.plugins_off, on=settings.plugins, prefix=settings.command_prefix)
    except PluginError as error:
        return None, Finding(
            "Plugins",
            False,
            str(error),
            "Mend or remove the plugin named, or set RAPPORT_PLUGINS or RAPPORT_PLUGINS_OFF.",
        )
    slashes = ", ".join(f"/{registry.prefix}{word}" for word in ("crm", *registry.slashes))
    resting = f"; bundled and off: {', '.join(off)} (RAPPORT_PLUGINS)" if (off := bundled_off(registry)) else ""
    told = f"{len(registry.plugins)} loaded{resting}; the Slack app is to have {slashes} (`rapport manifest`)"
    return registry, Finding("Plugins", True, told)


def left_over(url: str, registry: Registry | None) -> Finding:
    """Name the tables that nobody uses: that is no fault, as a plugin may come back."""
    left = sorted(set(migrate.plugin_schemas(url)) - (registry.schemas if registry else set()))
    shown = f"of plugins that are not in use: {', '.join(left)}; `rapport db drop-plugin NAME` deletes them"
    return Finding("Left-over tables", True, shown if left and registry else "none")


def of_plugins(url: str, registry: Registry | None) -> Iterator[Finding]:
    """Look at what plugins have us look at, in each workspace."""
    checks = [(name, check) for name, one in (registry.plugins if registry else {}).items() for check in one.checks]
    if not checks:
        return
    database = Database(url, pool_size=1, application_name="rapport-doctor")
    try:
        with database.transaction(EVERY_WORKSPACE) as session:
            found = workspaces.installed(session)
        for name, check in checks:
            wrong = [
                f"{workspace_id}: {said}" for workspace_id in found if (said := _said(database, workspace_id, check))
            ]
            shown = "; ".join(wrong[:SHOWN]) + (f" and {len(wrong) - SHOWN} more" if len(wrong) > SHOWN else "")
            yield Finding(f"{check.title} ({name})", not wrong, shown or "all is well", check.remedy)
    except (SQLAlchemyError, Unconfined):
        return  # what is the matter is said above
    finally:
        database.dispose()


def _said(database: Database, workspace_id: str, check: Check) -> str | None:
    with database.transaction(workspace_id) as session:
        given = {"session": session, "workspace": workspaces.get(session, workspace_id), "now": datetime.now(UTC)}
        try:
            said: str | None = call_with(check.handler, given)
        except SQLAlchemyError:
            raise
        except Exception as error:
            said = f"it could not be looked at ({type(error).__name__})"
    return said
