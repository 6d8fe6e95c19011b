"""Programs that use a workspace over HTTP, without Slack."""

from __future__ import annotations

import http.client
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

from api.apps import apps
from api.calls import Calls
from api.hooks import Hooks
from api.wire import Door
from bot.registry import Registry
from bot.requests.request import RequestKind
from bot.wire.http import web_app
from bot.wire.rest import ForPrograms
from bot.wire.serving import HttpListener
from storage.database.engine import Database
from storage.workspace import api_keys, members
from storage.workspace.members import Role
from tests.support.answers import is_failure, text_of
from tests.support.office import HERE, Office, Use


@dataclass(frozen=True)
class Reply:
    """Hold what came back."""

    status: int
    headers: Mapping[str, str]
    text: str

    @property
    def json(self) -> Any:
        """Return the body as JSON."""
        return json.loads(self.text)

    @property
    def kind(self) -> str:
        """Return which kind of problem it is."""
        assert self.headers["content-type"] == "application/problem+json", self.text
        assert self.json["status"] == self.status
        return str(self.json["type"]).rpartition("#")[2]


@dataclass
class Program:
    """Send requests with a key."""

    port: int
    secret: str = ""
    headers: dict[str, str] = field(default_factory=dict)

    def sends(self, method: str, path: str, body: Any = None, *, raw: bytes | None = None, **headers: Any) -> Reply:
        """Send one request and return the reply; underscores in headers' names stand for hyphens."""
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        sent = raw if raw is not None else None if body is None else json.dumps(body).encode()
        if sent is not None:
            given = {"content-type": "application/json", **given}
        if self.secret:
            given = {"authorization": f"Bearer {self.secret}", **given}
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        try:
            connection.request(method, path, sent, given)
            got = connection.getresponse()
            return Reply(got.status, {k.lower(): v for k, v in got.getheaders()}, got.read().decode())
        finally:
            connection.close()

    def gets(self, path: str, **query: Any) -> Reply:
        """Get an address below /api/v1/."""
        return self.sends("GET", f"/api/v1/{path}" + (f"?{urlencode(query)}" if query else ""))

    def posts(self, path: str, body: Any = None, **headers: Any) -> Reply:
        """Post to an address below /api/v1/."""
        return self.sends("POST", f"/api/v1/{path}", body, **headers)

    def changes(self, path: str, fields: Any, version: int | str = "*") -> Reply:
        """Change a record that is at a version."""
        match = version if isinstance(version, str) else f'"{version}"'
        return self.sends("PATCH", f"/api/v1/{path}", {"fields": fields}, if_match=match)

    def adds(self, noun: str, **fields: Any) -> Any:
        """Add a record and return it."""
        reply = self.posts(f"records/{noun}", {"fields": fields})
        assert reply.status == 201, reply.text
        return reply.json


class Programs:
    """Serve the API on a port of this machine."""

    def __init__(
        self, database: Database, registry: Registry, *, per_minute: int = 300_000, only: Sequence[str] = ()
    ) -> None:
        self.database = database
        self.office = Office(database, registry)
        lent = ForPrograms(self.office.runtime, only)
        self.calls = Calls(database, lent, per_minute=per_minute)
        hooks = Hooks(database, lent, per_minute=per_minute)
        self.door = Door(self.calls, database, threads=4, hooks=hooks)
        self.listener = HttpListener(web_app(None, {}, apps(self.door)), 0, "PORT")
        self.listener.open()
        self.listener.start()

    def key(
        self, workspace: str, *scopes: str, role: Role | None = Role.ADMIN, member: str | None = None, name: str = ""
    ) -> Program:
        """Return a program with a key of its own, for everything unless scopes are named."""
        with self.database.transaction(workspace) as session:
            _key, secret = api_keys.make(
                session,
                name=name or f"key {datetime.now(UTC)}",
                scopes=scopes or ("*:*",),
                expires_at=datetime.now(UTC) + timedelta(days=1),
                member=members.get(session, member) if member else None,
                role=None if member else role,
            )
        return self.nobody(secret)

    def types(self, workspace: str, line: str, user_id: str = "UADMIN") -> str:
        """Have a person type a command in Slack, and return what is said; what goes wrong fails the test."""
        body = {"command": "/crm", "text": line, "channel_id": HERE}
        answer = self.office.does(Use("command", "", "", RequestKind.COMMAND, body), workspace, user_id)
        assert not is_failure(answer), (line, text_of(answer))
        return text_of(answer)

    def nobody(self, secret: str = "") -> Program:
        """Return a program with this key, or none."""
        while not self.listener.started:
            pass
        return Program(self.listener.port, secret)

    def close(self) -> None:
        """Stop serving."""
        self.listener.stop(5)
        self.door.close()
