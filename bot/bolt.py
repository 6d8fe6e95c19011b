"""Put Bolt between Slack's wire and our dispatcher: it reads requests, authorises from memory, and nothing else."""

from __future__ import annotations

import logging
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from slack_bolt import App, BoltRequest, BoltResponse
from slack_bolt.authorization import AuthorizeResult

from bot.dispatch import Begun, Dispatcher
from bot.requests import Kind, read
from bot.respond import Ack
from bot.slack import Installations

log = logging.getLogger(__name__)

StoreEvent = Callable[[Mapping[str, Any], str], None]
"""Store an event of a workspace for the workers; raise if it could not be stored, so that Slack sends it again."""

_ANY = re.compile(".*", re.DOTALL)
_ENVIRONMENT = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET")


def build(
    installations: Installations, dispatcher: Dispatcher, store_event: StoreEvent, *, unready: Callable[[], bool]
) -> App:
    """Make the Bolt app. Requests over HTTP are verified before they reach it (bot.web).

    Events are stored in `before_authorize`, so that they are safe before Slack hears 200, and never reach a listener.
    """

    def authorize(team_id: str | None = None, **_unused: Any) -> AuthorizeResult | None:
        return installations.authorize(team_id)

    def before_authorize(req: BoltRequest, body: dict[str, Any], next: Callable[[], None]) -> BoltResponse | None:
        if body.get("type") != "event_callback":
            next()
            return None
        team_id = req.context.team_id
        if not team_id:
            return BoltResponse(status=400)
        if unready():
            return BoltResponse(status=503)
        try:
            store_event(body, team_id)
        except Exception as exc:
            log.warning("an event was not stored, Slack will repeat it: %s", type(exc).__name__, extra={"cause": exc})
            return BoltResponse(status=503)
        return BoltResponse(status=200)

    with _without_environment():
        app = App(
            name="rapport",
            process_before_response=True,
            token_verification_enabled=False,
            request_verification_enabled=False,
            ssl_check_enabled=False,
            ignoring_self_events_enabled=False,
            before_authorize=before_authorize,
            authorize=authorize,  # type: ignore[arg-type]  # None is how Bolt is told that nothing is installed
        )
    assert app.oauth_flow is None, "Bolt built an OAuth flow of its own"

    def answer(kind: Kind) -> Callable[..., BoltResponse]:
        def listener(body: dict[str, Any], context: Mapping[str, Any]) -> BoltResponse:
            received = float(context.get("received") or time.monotonic())
            try:
                request = read(kind, body, str(context["team_id"]))
            except (KeyError, IndexError, TypeError, AttributeError, ValueError):
                log.warning("refused a request of the kind %s that can not be read", kind)
                return BoltResponse(status=400)
            begun = context.get("begun")
            if not isinstance(begun, Begun):
                return response(dispatcher.handle(request, received))
            begun.request, begun.ticket = request, dispatcher.begin(request, begun.told, proves=begun.proves)
            return response("")

        listener.__name__ = f"answer_{kind}"
        return listener

    app.command(_ANY)(answer(Kind.COMMAND))
    app.action(_ANY)(answer(Kind.ACTION))
    app.view(_ANY)(answer(Kind.VIEW))
    app.options(_ANY)(answer(Kind.OPTIONS))
    app.shortcut(_ANY)(answer(Kind.SHORTCUT))
    app.view_closed(_ANY)(lambda: BoltResponse(status=200))
    return app


def response(ack: Ack) -> BoltResponse:
    """Return what Bolt sends for an acknowledgement."""
    if isinstance(ack, str):
        return BoltResponse(status=200, body=ack)
    return BoltResponse(status=200, body=dict(ack))


@contextmanager
def _without_environment() -> Iterator[None]:
    """Hide Slack's variables while Bolt starts: it would build an OAuth flow and a token check from them."""
    kept = {name: os.environ.pop(name) for name in _ENVIRONMENT if name in os.environ}
    try:
        yield
    finally:
        os.environ.update(kept)
