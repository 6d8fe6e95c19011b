"""Drive and show a sandbox over HTTP."""

from __future__ import annotations

import json
import time
from collections.abc import Awaitable, Callable
from dataclasses import asdict

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from sandbox import acting
from sandbox.core import Core
from sandbox.inputs import BadInput
from sandbox.interactions import Interactions, Refused
from sandbox.sight import sight
from sandbox.targets import channel_for, reader
from sandbox.workspace import Json

Action = Callable[[acting.Act], Awaitable[Json]]


class ControlApi:
    """Serve `/control/...`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._interactions = Interactions(core)

    def routes(self) -> list[Route]:
        """Return the routes of the control API."""
        return [
            Route("/control/act/{verb}", self._act, methods=["POST"]),
            Route("/control/sight", self._sight),
            Route("/control/wait", self._wait),
            Route("/control/messages", self._messages),
            Route("/control/app", self._app, methods=["POST"]),
            Route("/control/calls", self._calls),
            Route("/control/faults", self._faults, methods=["GET", "POST", "DELETE"]),
            Route("/control/settings", self._settings, methods=["GET", "POST"]),
            Route("/control/clock", self._clock, methods=["POST"]),
        ]

    async def _act(self, request: Request) -> Response:
        verb = str(request.path_params["verb"])
        if verb not in acting.VERBS:
            return JSONResponse({"ok": False, "error": "unknown_verb", "verbs": sorted(acting.VERBS)}, 404)
        body: Json = json.loads(await request.body() or b"{}")
        deadline = time.monotonic() + float(body.pop("within", 0) or 0)
        while True:
            version = self._core.world.workspace.changes.version
            try:
                user = reader(self._core.world.workspace, str(body.get("as", "")))
                return JSONResponse(await acting.VERBS[verb](acting.Act(self._core, self._interactions, user, body)))
            except (Refused, BadInput) as error:
                left = deadline - time.monotonic()
                if left <= 0:
                    return JSONResponse({"ok": False, "error": "refused", "why": str(error)}, 409)
                await self._core.world.workspace.changes.wait(version, left)

    async def _sight(self, request: Request) -> Response:
        workspace = self._core.world.workspace
        user = reader(workspace, request.query_params["as"])
        reference = request.query_params.get("channel", "")
        channel = channel_for(workspace, user, reference).id if reference else ""
        return JSONResponse({"version": workspace.changes.version, "seen": sight(workspace, user, channel)})

    async def _wait(self, request: Request) -> Response:
        since, seconds = int(request.query_params["since"]), float(request.query_params.get("seconds", 5))
        version = await self._core.world.workspace.changes.wait(since, min(seconds, 60.0))
        return JSONResponse({"version": version})

    async def _messages(self, request: Request) -> Response:
        workspace = self._core.world.workspace
        user = reader(workspace, request.query_params["as"])
        channel = channel_for(workspace, user, request.query_params.get("channel"))
        shown = [m.body | {"ephemeral": bool(m.visible_to)} for m in workspace.visible(channel.id, user.id)]
        return JSONResponse({"messages": shown, "channel": channel.id})

    async def _app(self, request: Request) -> Response:
        body = json.loads(await request.body())
        app = self._core.world.workspace.apps[body.pop("app_id")]
        for name, value in body.items():
            if name not in ("request_url", "manifest", "name", "signing_secret"):
                return JSONResponse({"ok": False, "why": f"an app has no {name!r} to set"}, 400)
            setattr(app, name, value)
        self._core.world.workspace.changes.bump()
        return JSONResponse({"ok": True, "app": asdict(app), "sockets": self._core.courier.sockets.count(app.id)})

    async def _calls(self, request: Request) -> Response:
        method, since = request.query_params.get("method", ""), float(request.query_params.get("since", 0))
        chosen = [one for one in self._core.world.calls if method in ("", one["method"]) and one["at"] >= since]
        return JSONResponse({"calls": chosen})

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._core.faults.clear()
        if request.method == "POST":
            try:
                self._core.faults.add(**json.loads(await request.body()))
            except (TypeError, ValueError) as error:
                return JSONResponse({"ok": False, "why": str(error)}, 400)
        return JSONResponse({"ok": True, "faults": self._core.faults.listed()})

    async def _settings(self, request: Request) -> Response:
        settings = self._core.world.settings
        for name, value in (json.loads(await request.body()) if request.method == "POST" else {}).items():
            if not hasattr(settings, name):
                return JSONResponse({"ok": False, "why": f"no setting {name!r}"}, 400)
            setattr(settings, name, value)
        return JSONResponse({"ok": True, "settings": asdict(settings)})

    async def _clock(self, request: Request) -> Response:
        self._core.world.clock.advance(float(json.loads(await request.body())["advance"]))
        return JSONResponse({"ok": True, "now": self._core.world.clock.now()})
