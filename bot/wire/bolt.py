"""Put Bolt between Slack's wire and our dispatcher: it reads requests and finds who answers them, and nothing else."""

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
from slack_bolt.error import BoltUnhandledRequestError

from bot.events.intake import NeverStored
from bot.i18n import _, speak
from bot.requests.dispatcher import Begun, Dispatcher
from bot.requests.request import RequestKind, read, readable
from bot.requests.responder import Ack
from bot.slack.clients import Installations
from bot.wire.cleaning import clean

log = logging.getLogger(__name__)

StoreEvent = Callable[[Mapping[str, Any], str], None]
"""Store an event of a workspace for the workers.

It raises NeverStored for one that no second attempt stores, and anything else so that Slack sends it again.
"""

_ANY = re.compile(".*", re.DOTALL)
_OURS = ("received", "begun")
"""What the context of a request carries through Bolt for us."""
_ENVIRONMENT = ("SLACK_CLIENT_ID", "SLACK_CLIENT_SECRET", "SLACK_BOT_TOKEN", "SLACK_SIGNING_SECRET")


class _Bolt(App):
    """Keep Bolt to reading: it gets what can be stored, calls no address, and says nothing in its own words."""

    take_event: Callable[[dict[str, Any], str | None], BoltResponse]
    dropped: Callable[[str, str], None]

    def dispatch(self, req: BoltRequest) -> BoltResponse:
        """Store an event, or have a listener answer a request; nothing in here waits for Slack or anybody else."""
        is_event = req.body.get("type") == "event_callback"
        try:
            if not readable(req.body):
                raise ValueError("not the shape of what Slack sends")
            kept = {name: req.context[name] for name in _OURS if name in req.context}
            asked = BoltRequest(body=clean(req.body), headers=req.headers, context=kept, mode="socket_mode")
        except Exception as exc:
            self.dropped("event" if is_event else "request", type(exc).__name__)
            # Slack sends an event again that is refused; of a request a person is to see that it failed.
            return BoltResponse(status=200 if is_event else 400)
        if is_event:
            return self.take_event(asked.body, asked.context.team_id)
        try:
            return super().dispatch(asked)
        except Exception as exc:
            return _failed(exc)


def _failed(error: Exception) -> BoltResponse:
    """Answer for Bolt where nobody did or something broke, and log neither the request nor Bolt's advice on it."""
    if isinstance(error, BoltUnhandledRequestError):
        log.warning("nobody answers a request of this kind: %s", str(error.body.get("type"))[:50])
        return BoltResponse(status=404)
    log.error("a request was not answered: %s", type(error).__name__)
    return BoltResponse(status=500)


def build(
    installations: Installations,
    dispatcher: Dispatcher,
    store_event: StoreEvent,
    *,
    unready: Callable[[], bool],
    starting: Callable[[], bool],
    dropped: Callable[[str, str], None],
) -> App:
    """Make the Bolt app. Requests over HTTP are verified before they reach it (bot.wire.http).

    `starting` tells whether a workspace that is not known may be known soon. Events are stored before Slack hears 200
    and never reach Bolt's listeners. One that can never be stored is `dropped`, as Slack would only send it again.
    """

    def authorize(team_id: str | None = None, **_unused: Any) -> AuthorizeResult:
        # Whoever asks: where nothing is installed, Bolt would tell the person itself, and wait until that is done.
        return AuthorizeResult(enterprise_id=None, team_id=team_id)

    def take_event(body: dict[str, Any], team_id: str | None) -> BoltResponse:
        if unready():
            return BoltResponse(status=503)
        try:
            if not team_id:
                raise NeverStored("of no workspace")
            store_event(body, team_id)
        except NeverStored as exc:
            dropped("event", str(exc))
        except Exception as exc:
            log.warning("an event was not stored, Slack will repeat it: %s", type(exc).__name__, extra={"cause": exc})
            return BoltResponse(status=503)
        return BoltResponse(status=200)

    with _without_environment():
        app = _Bolt(
            name="rapport",
            process_before_response=True,
            raise_error_for_unhandled_request=True,
            token_verification_enabled=False,
            request_verification_enabled=False,
            ssl_check_enabled=False,
            ignoring_self_events_enabled=False,
            authorize=authorize,
        )
    app.take_event, app.dropped = take_event, dropped
    app.error(_failed)
    assert app.oauth_flow is None, "Bolt built an OAuth flow of its own"

    def answer(kind: RequestKind) -> Callable[..., BoltResponse]:
        def listener(body: dict[str, Any], context: Mapping[str, Any]) -> BoltResponse:
            received = float(context.get("received") or time.monotonic())
            try:
                request = read(kind, body, str(context["team_id"]))
            except (KeyError, IndexError, TypeError, AttributeError, ValueError):
                log.warning("refused a request of the kind %s that cannot be read", kind)
                return BoltResponse(status=400)
            if installations.get(request.workspace_id) is None:
                speak(None)
                return response(dispatcher.refuse(request, _absent(starting=starting())))
            begun = context.get("begun")
            if not isinstance(begun, Begun):
                return response(dispatcher.handle(request, received))
            begun.request, begun.ticket = request, dispatcher.begin(request, begun.told, proves=begun.proves)
            return response("")

        listener.__name__ = f"answer_{kind}"
        return listener

    app.command(_ANY)(answer(RequestKind.COMMAND))
    app.action(_ANY)(answer(RequestKind.ACTION))
    app.view(_ANY)(answer(RequestKind.VIEW))
    app.options(_ANY)(answer(RequestKind.OPTIONS))
    app.shortcut(_ANY)(answer(RequestKind.SHORTCUT))
    app.view_closed(_ANY)(lambda: BoltResponse(status=200))
    return app


def _absent(*, starting: bool) -> str:
    if starting:
        return _("Rapport is still starting, so nothing was done. Please try again in a minute.")
    return _("Rapport is not installed in this workspace any more, so nothing was done. An admin can install it again.")


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
