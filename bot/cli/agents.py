"""Give `rapport mcp`: an agent on this machine uses the workspace of one API key, over standard input and output."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.cli.process import database

if TYPE_CHECKING:
    from bot.plugin import Slack


def mcp() -> None:
    """Serve an agent (Model Context Protocol) on standard input and output, with the key in RAPPORT_API_KEY."""
    import asyncio

    from api.agents.door import serve_stdio
    from api.calls import Calls
    from api.wire import Door
    from bot.registry import load
    from bot.requests.actors import People
    from bot.requests.runtime import Runtime
    from bot.settings import Problem, Settings, SettingsError
    from bot.wire.rest import ForPrograms
    from storage.database.engine import Database

    settings = Settings.load(slack=False)
    if settings.api_key is None:
        raise SettingsError([Problem("RAPPORT_API_KEY", "is missing", "An admin makes one with /crm api-key add.")])
    registry = load(settings.plugins_off, on=settings.plugins, prefix=settings.command_prefix)
    with database(settings) as url:
        pool = Database(url, pool_size=2, application_name="rapport-mcp")
        runtime = Runtime(pool, registry, People(pool, _no_slack), _no_slack)
        door = Door(Calls(pool, ForPrograms(runtime)), pool, threads=2)
        try:
            asyncio.run(serve_stdio(door, settings.api_key))
        finally:
            door.close()


def _no_slack(_workspace_id: str) -> Slack:
    """Refuse: what an agent does is between it and the database, and what follows in Slack is sent by `rapport run`."""
    raise RuntimeError("an agent asks nothing of Slack")
