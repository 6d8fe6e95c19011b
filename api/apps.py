"""Put the doors that programs have at their addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from starlette.types import ASGIApp

from api.agents.door import AgentDoor
from api.calls import Calls
from api.hooks import Hooks, TakesHooks
from api.lent import Bot
from api.routes import rest_app
from api.wire import Door
from storage.database.engine import Database


def apps(door: Door | None, hosts: Sequence[str] = ()) -> Mapping[str, ASGIApp]:
    """Return what answers programs, by path; `hosts` are the names by which this process is reached from outside."""
    return {"/api": rest_app(door), "/mcp": AgentDoor(door, hosts)} if door else {}


class _WholeBot(Bot, TakesHooks, Protocol):
    pass


def open_door(database: Database, bot: _WholeBot, *, per_minute: int, connections: int) -> Door:
    """Return what carries out the calls of programs, on so many connections of its own."""
    pool = database.another(pool_size=connections, application_name="rapport-api")
    hooks = Hooks(pool, bot, per_minute=per_minute)
    return Door(Calls(pool, bot, per_minute=per_minute), pool, threads=connections, hooks=hooks)
