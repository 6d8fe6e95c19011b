"""Answer `/api/<method>`: read arguments, check token and scopes, apply faults and limits, call the method, log."""

import asyncio
import base64
import contextlib
import email
import email.policy
import inspect
import json
import time
from collections import deque
from urllib.parse import parse_qsl

from starlette.requests import Request
from starlette.responses import JSONResponse, Response

from sandbox.methods import METHODS, Call
from sandbox.wire.core import Core
from sandbox.world.faults import Fault
from sandbox.world.in_flight import SlackError
from sandbox.world.workspace import App, Installation, Json

WITHOUT_TOKEN = ("api.test", "oauth.v2.access")
JSON_ARGUMENTS = ("blocks", "attachments", "view", "metadata", "users")


def read_arguments(content_type: str, body: bytes, query: Json) -> Json:
    """Return the arguments of a call however they were encoded: JSON, form or multipart."""
    arguments = dict(query)
    if "multipart/form-data" in content_type:
        parsed = email.message_from_bytes(b"Content-Type: " + content_type.encode() + b"\r\n\r\n" + body)
        for part in parsed.get_payload():
            name = part.get_param("name", header="content-disposition")  # type: ignore[union-attr]  # parts of a multipart are messages
            arguments[str(name)] = part.get_payload(decode=True).decode()  # type: ignore[union-attr]  # as above
    elif body.lstrip().startswith(b"{"):
        arguments |= json.loads(body)
    else:
        arguments |= dict(parse_qsl(body.decode(), keep_blank_values=True))
    for name in JSON_ARGUMENTS:
        value = arguments.get(name)
        if isinstance(value, str) and value[:1] in ("[", "{"):
            try:
                arguments[name] = json.loads(value)
            except ValueError as error:
                raise SlackError("invalid_blocks_format" if name == "blocks" else "invalid_arguments") from error
    return arguments


class WebApi:
    """Serve the Web API of every team."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._recent: dict[tuple[str, str], deque[float]] = {}

    async def serve(self, request: Request) -> Response:
        """Answer one call."""
        method = str(request.path_params["method"])
        entry: Json = {"method": method, "at": time.time(), "team": "", "app": "", "args": {}, "outcome": ""}
        self._core.world.calls.append(entry)
        try:
            args = read_arguments(
                request.headers.get("content-type", ""), await request.body(), dict(request.query_params)
            )
            authorization = request.headers.get("authorization", "")
            if authorization.startswith("Basic "):
                name, _, secret = base64.b64decode(authorization.removeprefix("Basic ")).decode().partition(":")
                args |= {"client_id": name, "client_secret": secret}
            token = str(args.pop("token", "") or authorization.removeprefix("Bearer "))
            entry["args"] = args
            call = self._identify(method, token, args)
            entry["team"] = call.install.team_id if call.install else ""
            if call.app is not None:
                entry["app"] = call.app.id
                self._core.world.hosts[call.app.id] = request.headers.get("host", "")
            response = await self._answer(request, method, call, entry)
        except (ValueError, UnicodeDecodeError):
            response = self._refuse(entry, SlackError("invalid_json"))
        except SlackError as error:
            response = self._refuse(entry, error)
        return response

    def _refuse(self, entry: Json, error: SlackError) -> Response:
        entry["outcome"] = error.code
        if error.code == "ratelimited":
            seconds = str(error.extra.get("retry_after", 1))
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, {"Retry-After": seconds})
        return JSONResponse({"ok": False, "error": error.code} | error.extra)

    def _identify(self, method: str, token: str, args: Json) -> Call:
        workspace = self._core.world.workspace
        install: Installation | None = None
        app: App | None = None
        if method not in METHODS:
            raise SlackError("unknown_method", req_method=method)
        if method in WITHOUT_TOKEN:
            return Call(self._core, None, None, args)
        if not token:
            raise SlackError("not_authed")
        if token.startswith("xapp-"):
            app = next((one for one in workspace.apps.values() if one.app_token == token), None)
        else:
            install = workspace.installation_by_token(token)
            app = workspace.apps.get(install.app_id) if install else None
        if app is None:
            raise SlackError("invalid_auth")
        if install is not None and install.revoked:
            raise SlackError("account_inactive")
        entry = METHODS[method]
        if entry.app_level != (install is None):
            raise SlackError("not_allowed_token_type")
        return Call(self._core, install, app, args)

    async def _answer(self, request: Request, method: str, call: Call, entry: Json) -> Response:
        team = call.install.team_id if call.install else ""
        channel = str(call.args.get("channel", ""))
        fault = self._core.faults.for_call(method, channel, team)
        if fault is not None:
            entry["fault"] = fault.kind
            if fault.kind != "slow":
                entry["outcome"] = fault.kind
                return await self._strike(request, fault, method, call)
            await asyncio.sleep(fault.seconds)
        self._limit(method, team, channel)
        result = await self._run(method, call)
        entry["outcome"] = "ok"
        if "ts" in result:
            entry["ts"] = result["ts"]
        return JSONResponse(result)

    async def _run(self, method: str, call: Call) -> Json:
        entry = METHODS[method]
        if call.install is not None and call.install.scopes is not None and entry.scopes:
            needed = entry.scopes_for(call)
            if needed and not set(needed) & set(call.install.scopes):
                raise SlackError("missing_scope", needed=needed[0], provided=",".join(call.install.scopes))
        result = entry.run(call)
        if inspect.isawaitable(result):
            result = await result
        return {"ok": True} | result

    async def _strike(self, request: Request, fault: Fault, method: str, call: Call) -> Response:
        """Break a call as scripted, after storing it where the fault says so."""
        if fault.kind == "late":
            task = asyncio.create_task(self._run_late(method, call, fault.seconds))
            self._core.later.add(task)
            task.add_done_callback(self._core.later.discard)
        elif fault.stored or fault.kind == "reset_after":
            await self._run(method, call)
        if fault.kind == "rate_limit":
            headers = {"Retry-After": str(fault.retry_after)}
            return JSONResponse({"ok": False, "error": "ratelimited"}, 429, headers)
        if fault.kind == "server_error":
            return Response("upstream connect error", fault.status)
        if fault.kind == "error":
            return JSONResponse({"ok": False, "error": fault.code})
        if fault.kind == "hang":
            await self._core.hold(request)
        self._core.cut(request)
        return Response(status_code=504)

    async def _run_late(self, method: str, call: Call, seconds: float) -> None:
        await asyncio.sleep(seconds)
        with contextlib.suppress(SlackError):
            await self._run(method, call)

    def _limit(self, method: str, team: str, channel: str) -> None:
        settings = self._core.world.settings
        allowed = settings.per_minute.get(method)
        if allowed is not None:
            self._count((team, method), allowed, 60.0)
        if settings.posts_per_second and method == "chat.postMessage":
            self._count((team, "post " + channel), max(1, int(settings.posts_per_second)), 1.0)

    def _count(self, key: tuple[str, str], allowed: int, window: float) -> None:
        now = self._core.world.clock.now()
        recent = self._recent.setdefault(key, deque())
        while recent and recent[0] <= now - window:
            recent.popleft()
        if len(recent) >= allowed:
            raise SlackError("ratelimited", retry_after=max(1, round(recent[0] + window - now)))
        recent.append(now)
