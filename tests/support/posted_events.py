"""Post an event to a replica as Slack does."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.request

from sandbox import sample_teams
from sandbox.wire.signed_http import signature
from tests.support.replicas import Replica


def event_status(replica: Replica) -> int:
    """Send an event as Slack does, and return the status that answers it."""
    event = {"type": "message", "channel": "CGENERAL", "user": "UAREP", "text": "hi", "ts": f"{time.time():.6f}"}
    body = {"type": "event_callback", "team_id": "TA", "event_id": f"Ev{time.time_ns()}", "event": event}
    sent, stamp = json.dumps(body).encode(), str(int(time.time()))
    signed = {"x-slack-request-timestamp": stamp}
    signed["x-slack-signature"] = signature(sample_teams.SIGNING_SECRET, stamp, sent)
    asked = urllib.request.Request(f"{replica.address}/slack/events", sent, signed)
    try:
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return int(answer.status)
    except urllib.error.HTTPError as error:
        with error:
            return error.code
