"""Let agents in by the Model Context Protocol, with the keys of the REST API: over HTTP without sessions, and stdio.

The SDK is imported once an agent comes: it takes two seconds, which nobody else is to wait for.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any

from starlette.requests import Request

from api.agents import tools
from api.calls import Identity, Work
from api.problems import Answer, HttpProblem, problem_of
from api.wire import Door, response
from storage.names import short

if TYPE_CHECKING:
    from mcp.server.lowlevel.server import Server
    from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
    from starlette.types import Receive, Scope, Send

log = logging.getLogger(__name__)

LOCAL = ("localhost:*", "127.0.0.1:*", "[::1]:*", "localhost", "127.0.0.1", "[::1]")
"""Hosts by which an agent on this machine may ask."""
WHO = "rapport.identity"


def server(door: Door, who: Callable[[Any], Identity]) -> Server[Any]:
    """Return a server whose tools are those of a request's key; `who` finds it in what the transport attached."""
    import mcp_types as types
    from mcp.server.lowlevel.server import Server

    async def listed(ctx: Any, _params: Any) -> types.ListToolsResult:
        found: list[types.Tool] = []

        def describe(work: Work) -> Answer:
            for tool in tools.TOOLS:
                nouns = tool.nouns(work)
                if nouns:
                    found.append(_described(tool, nouns))
            return Answer(200)

        answer = await _performed(door, who(ctx), describe, "list tools")
        if not answer.is_good:
            raise RuntimeError(str((answer.body or {}).get("detail", "")))
        return types.ListToolsResult(tools=found)

    def _described(tool: tools.AgentTool, nouns: Sequence[Any]) -> types.Tool:
        return types.Tool(
            name=tool.name,
            description=tool.description(list(nouns)),
            input_schema=tool.schema(list(nouns), door.calls.bot),
            annotations=types.ToolAnnotations(
                read_only_hint=tool.reads, destructive_hint=tool.destroys, open_world_hint=False
            ),
        )

    async def called(ctx: Any, params: types.CallToolRequestParams) -> types.CallToolResult:
        answer = await call(door, who(ctx), params.name, params.arguments or {})
        content: list[types.ContentBlock] = [types.TextContent(type="text", text=tools.as_data(answer))]
        return types.CallToolResult(
            content=content, structured_content=dict(answer.body or {}), is_error=not answer.is_good
        )

    return Server("rapport", instructions=tools.INSTRUCTIONS, on_list_tools=listed, on_call_tool=called)


async def call(door: Door, who: Identity, name: str, given: dict[str, Any]) -> Answer:
    """Call a tool by its name, and return what it says."""
    tool = next((one for one in tools.TOOLS if one.name == name), None)
    if tool is None:
        return HttpProblem("not-found", f"There is no tool {short(name, 60)}.").answer()
    noun = given.get("noun")
    doing = f"agent {name} {noun}" if isinstance(noun, str) and len(noun) < 60 else f"agent {name}"
    return await _performed(door, who, lambda work: tools.run(tool, work, given), doing)


async def _performed(door: Door, who: Identity, run: Callable[[Work], Answer], doing: str) -> Answer:
    try:
        door.calls.admit(who)
        return await door.inside(partial(door.calls.perform, who, run, doing=doing))
    except Exception as exc:
        return problem_of(exc, doing).answer()


class AgentDoor:
    """Answer agents over HTTP, at the address it is mounted at; `hosts` are those by which it may be asked."""

    def __init__(self, door: Door, hosts: Sequence[str] = ()) -> None:
        self._door = door
        self._hosts = [*hosts, *LOCAL]
        self._manager: asyncio.Future[StreamableHTTPSessionManager] | None = None
        self._serving: asyncio.Task[None] | None = None

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request: without a good key nothing of the protocol is read."""
        try:
            authorization = Request(scope).headers.get("authorization", "")
            who = self._door.calls.known(authorization)
            if who is None:
                who = await self._door.inside(partial(self._door.calls.identify, authorization))
            # A key that has ended is told so before the protocol begins.
            checked = await self._door.inside(partial(self._door.calls.perform, who, _nothing, doing="agent"))
            if not checked.is_good:
                return await response(checked)(scope, receive, send)
            manager = await self._ready()
        except Exception as exc:
            return await response(problem_of(exc, "agent").answer())(scope, receive, send)
        scope.setdefault("state", {})[WHO] = who
        return await manager.handle_request(scope, receive, send)

    async def _ready(self) -> StreamableHTTPSessionManager:
        if self._manager is None:
            loop = asyncio.get_running_loop()
            self._manager = loop.create_future()
            self._serving = loop.create_task(self._serve(self._manager))
        return await asyncio.shield(self._manager)

    async def _serve(self, ready: asyncio.Future[StreamableHTTPSessionManager]) -> None:
        """Run what the SDK serves requests with, as long as the event loop runs."""
        try:
            manager = await asyncio.get_running_loop().run_in_executor(None, self._made)
        except Exception as exc:
            self._manager = None
            ready.set_exception(exc)
            return
        async with manager.run():
            ready.set_result(manager)
            await asyncio.Event().wait()

    def _made(self) -> StreamableHTTPSessionManager:
        from mcp.server.streamable_http_manager import StreamableHTTPSessionManager
        from mcp.server.transport_security import TransportSecuritySettings

        allowed = TransportSecuritySettings(
            allowed_hosts=self._hosts,
            allowed_origins=[f"{way}://{host}" for host in self._hosts for way in ("http", "https")],
        )
        served = server(self._door, _of)
        return StreamableHTTPSessionManager(served, json_response=True, stateless=True, security_settings=allowed)


async def serve_stdio(door: Door, secret: str) -> None:
    """Answer the agent at this process's standard input and output, with one key; raise HttpProblem for no such key."""
    from mcp.server.stdio import stdio_server

    who = await door.inside(partial(door.calls.identify, f"Bearer {secret}"))
    served = server(door, lambda _ctx: who)
    async with stdio_server() as (reading, writing):
        await served.run(reading, writing, served.create_initialization_options())


def _of(ctx: Any) -> Identity:
    who = ctx.request.scope["state"][WHO]
    assert isinstance(who, Identity)
    return who


def _nothing(_work: Work) -> Answer:
    return Answer(200)
