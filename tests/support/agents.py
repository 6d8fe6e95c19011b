"""Use a workspace as an agent does: with the official client of the Model Context Protocol."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

from tests.support.programs import Program

Uses = Callable[[Client], Awaitable[Any]]


def over_http(program: Program, uses: Uses, **headers: str) -> Any:
    """Have the official client connect, and use it."""

    async def connect() -> Any:
        given = {"authorization": f"Bearer {program.secret}", **headers}
        async with httpx2.AsyncClient(headers=given) as web:
            url = f"http://127.0.0.1:{program.port}/mcp"
            async with Client(streamable_http_client(url, http_client=web)) as client:
                return await uses(client)

    return asyncio.run(connect())


async def calls(client: Client, name: str, **given: Any) -> Any:
    """Call a tool and return what it says as JSON."""
    result = await client.call_tool(name, given)
    assert result.structured_content is not None
    return result.structured_content
