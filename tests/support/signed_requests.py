"""Send a replica what Slack would send it, or almost, signed with Slack's secret."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import urlencode

from sandbox.sample_teams import SIGNING_SECRET
from sandbox.wire.signed_http import signature
from tests.support.replicas import Replica

PATH = "/slack/events"
PATIENCE_S = 60.0


def headers_of(body: bytes, kind: str) -> dict[str, str]:
    """Return the headers of a request that Slack has signed now."""
    stamp = str(int(time.time()))
    return {
        "content-type": kind,
        "x-slack-request-timestamp": stamp,
        "x-slack-signature": signature(SIGNING_SECRET, stamp, body),
    }


def post(replica: Replica, body: bytes, kind: str) -> tuple[int, Any]:
    """Send a signed body; return the status and the answer, decoded where it is JSON."""
    connection = http.client.HTTPConnection("127.0.0.1", replica.port, timeout=PATIENCE_S)
    try:
        connection.request("POST", PATH, body, headers_of(body, kind))
        response = connection.getresponse()
        said = response.read().decode()
        try:
            return response.status, json.loads(said)
        except ValueError:
            return response.status, said
    finally:
        connection.close()


def event(replica: Replica, body: str | bytes) -> tuple[int, Any]:
    """Send an event as the given JSON."""
    return post(replica, body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body, "application/json")


def command(replica: Replica, **fields: str) -> tuple[int, Any]:
    """Send a command of Rita's; `fields` are what is different about it."""
    usual = {
        "command": "/crm",
        "text": "help",
        "user_id": "UAREP",
        "team_id": "TA",
        "channel_id": "CGENERAL",
        "trigger_id": f"1.{time.monotonic_ns()}.1",
        "api_app_id": "A0RAPPORT",
    }
    return post(replica, urlencode(usual | fields).encode(), "application/x-www-form-urlencoded")


def interaction(replica: Replica, payload: dict[str, Any] | str) -> tuple[int, Any]:
    """Send a click, a form or a shortcut."""
    text = payload if isinstance(payload, str) else json.dumps(payload)
    return post(replica, urlencode({"payload": text}).encode(), "application/x-www-form-urlencoded")
