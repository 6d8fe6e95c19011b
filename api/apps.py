"""Put the doors that programs have at their addresses."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from starlette.types import ASGIApp

from api.agents import AgentDoor
from api.routes import rest_app
from api.wire import Door


def apps(door: Door | None, hosts: Sequence[str] = ()) -> Mapping[str, ASGIApp]:
    """Return what answers programs, by path; `hosts` are the names by which this process is reached from outside."""
    return {"/api": rest_app(door), "/mcp": AgentDoor(door, hosts)} if door else {}
