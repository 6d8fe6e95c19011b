"""Carry envelopes to an app, over its sockets or its request URL, and say how it answered."""

import asyncio
import time
from dataclasses import dataclass
from typing import Any

from sandbox.wire.signed_http import SignedHttp
from sandbox.wire.sockets import SocketHub
from sandbox.world.in_flight import World
from sandbox.world.workspace import App, Json


@dataclass
class Answer:
    """Say how an app answered: `status` is ok, timeout, http_error or connection_failed, `body` what it sent back."""

    status: str
    body: Any = None
    code: int = 0

    @property
    def ok(self) -> bool:
        """Say whether the app acknowledged."""
        return self.status == "ok"


class Courier:
    """Choose the transport of an app and bound how long it may take."""

    def __init__(self, world: World) -> None:
        self._world = world
        self.sockets = SocketHub(world)
        self.http = SignedHttp()

    async def carry(self, app: App, kind: str, payload: Json, retry: int = 0, reason: str = "") -> Answer:
        """Deliver one payload of `kind` (events_api, slash_commands, interactive) and wait for its acknowledgement."""
        started = time.time()
        answer = await self._carry(app, kind, payload, retry, reason)
        self._world.deliveries.append(
            {
                "kind": kind,
                "type": str((payload.get("event") or payload).get("type") or payload.get("command", "")),
                "app": app.id,
                "payload": payload,
                "retry": retry,
                "at": started,
                "seconds": time.time() - started,
                "status": answer.status,
                "code": answer.code,
                "answer": answer.body,
            }
        )
        return answer

    async def _carry(self, app: App, kind: str, payload: Json, retry: int, reason: str) -> Answer:
        limit = self._world.settings.answer_seconds
        try:
            if app.request_url:
                code, body = await asyncio.wait_for(self.http.post(app, kind, payload, retry, reason, limit), limit)
                return Answer("ok" if 200 <= code < 300 else "http_error", body, code)
            return Answer("ok", await asyncio.wait_for(self.sockets.send(app, kind, payload, retry, reason), limit))
        except TimeoutError:
            return Answer("timeout")
        except OSError:
            return Answer("connection_failed")
