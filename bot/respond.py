"""Send answers: with the acknowledgement, by response_url, into a view, to the App Home, or else as a DM."""

from __future__ import annotations

import json
import logging
from collections.abc import Mapping
from typing import Any

from slack_sdk.errors import SlackApiError
from slack_sdk.webhook import WebhookClient

from bot import blocks as b
from bot.answers import Answer, note_view
from bot.home import HomeView
from bot.plugin import _
from bot.requests import Kind, Request
from bot.slack import HTTP_TIMEOUT_S, NETWORK_ERRORS, Installations
from storage import outbox
from storage.database import Database

log = logging.getLogger(__name__)

Ack = Mapping[str, Any] | str
FALLBACK_RENDERER = "core.answer"


def acknowledgement(request: Request, answer: Answer) -> Ack:
    """Return the body of the acknowledgement that carries the answer, or as much of it as may travel there."""
    match request.kind:
        case Kind.COMMAND:
            return _message(answer) if answer.kind == "message" else ""
        case Kind.VIEW if answer.kind == "errors":
            return {"response_action": "errors", "errors": dict(answer.errors)}
        case Kind.VIEW if answer.kind == "modal":
            return {"response_action": "update", "view": dict(answer.view)}
        case Kind.OPTIONS:
            return {"options": list(answer.options)}
        case _:
            return ""


def working(request: Request) -> Ack:
    """Return the acknowledgement of a request that takes longer than Slack waits."""
    if request.kind is Kind.COMMAND:
        return {"response_type": "ephemeral", "text": _("Working on it…")}
    if request.kind is Kind.VIEW:
        return {"response_action": "update", "view": note_view(request.view, _("Saving…"))}
    return {"options": []} if request.kind is Kind.OPTIONS else ""


def unsaved(request: Request) -> Ack:
    """Return the acknowledgement that says that nothing was saved."""
    text = _("This took too long and nothing was saved. Please try again in a minute.")
    if request.kind is Kind.COMMAND:
        return {"response_type": "ephemeral", "text": text}
    fields = list((request.view.get("state") or {}).get("values", {}))
    if request.kind is Kind.VIEW and fields:
        return {"response_action": "errors", "errors": {fields[0]: text}}
    return {"options": []} if request.kind is Kind.OPTIONS else ""


def travels_after(request: Request, answer: Answer) -> bool:
    """Tell whether something is left to be sent once the request has been acknowledged in time."""
    if answer.kind in {"none", "errors", "options"}:
        return request.kind is Kind.ACTION and request.from_home
    if request.kind is Kind.COMMAND:
        return answer.kind != "message"
    return not (request.kind is Kind.VIEW and answer.kind == "modal")


def _message(answer: Answer) -> dict[str, Any]:
    return {
        "response_type": "in_channel" if answer.share else "ephemeral",
        "text": answer.text,
        "blocks": list(answer.blocks),
    }


class Responder:
    """Send what could not travel in an acknowledgement."""

    def __init__(self, installations: Installations, database: Database, home: HomeView) -> None:
        self._installations = installations
        self._database = database
        self._home = home

    def send(self, request: Request, answer: Answer, *, view_id: str = "") -> None:
        """Send an answer by the way that suits the request; fall back to a DM that is delivered exactly once."""
        try:
            if answer.kind == "modal" or (view_id and answer.kind == "message"):
                sent = self._update_view(request, answer, view_id or str(request.view.get("id", "")))
            elif answer.kind == "home" or request.from_home:
                self._home.publish(request.workspace_id, request.user_id, notice=b.Markup(answer.text))
                sent = True
            elif answer.kind == "message":
                sent = self._respond(request, answer)
            else:
                sent = True
        except SlackApiError as exc:
            log.warning("an answer to %s was refused: %s", request.name, exc.response.get("error"))
            sent = False
        except NETWORK_ERRORS as exc:
            log.warning("an answer to %s could not be sent: %s", request.name, type(exc).__name__)
            sent = False
        if not sent:
            self.send_dm(request, answer)

    def open(self, request: Request, view: Mapping[str, Any]) -> str | None:
        """Open a view at once and return its id, None where Slack refused."""
        try:
            method = "views_push" if request.view.get("type") == "modal" else "views_open"
            client = self._installations.client(request.workspace_id)
            opened = getattr(client, method)(trigger_id=request.trigger_id, view=dict(view))
            return str(opened["view"]["id"])
        except SlackApiError as exc:
            log.warning("a form for %s was not opened: %s", request.name, exc.response.get("error"))
        except NETWORK_ERRORS as exc:
            log.warning("a form for %s could not be opened: %s", request.name, type(exc).__name__)
        return None

    def _update_view(self, request: Request, answer: Answer, view_id: str) -> bool:
        view = answer.view
        if answer.kind != "modal":
            view = note_view(request.view, b.Markup(answer.text))
        self._installations.client(request.workspace_id).views_update(view_id=view_id, view=dict(view))
        return True

    def _respond(self, request: Request, answer: Answer) -> bool:
        """Answer by response_url; False where there is none or Slack no longer takes it (5 uses, 30 minutes)."""
        if not request.response_url:
            return False
        hook = WebhookClient(request.response_url, timeout=HTTP_TIMEOUT_S, retry_handlers=[])
        replaces = answer.replace and request.kind is Kind.ACTION
        body: dict[str, Any] = {**_message(answer), "replace_original": replaces}
        if request.place.thread_ts and not replaces:
            body["thread_ts"] = request.place.thread_ts
        response = hook.send_dict(body)
        return bool(response.status_code == 200 and (response.body == "ok" or '"ok":true' in response.body))

    def send_dm(self, request: Request, answer: Answer) -> None:
        """Put an answer into the outbox as a DM to the person who asked."""
        if answer.kind not in {"message", "modal"} or not request.user_id:
            return
        text = answer.text or _("The form could not be shown in time. Please open it again.")
        payload = {"text": text, "blocks": json.loads(json.dumps(list(answer.blocks)))}
        try:
            with self._database.transaction(request.workspace_id) as session:
                outbox.enqueue(
                    session,
                    kind="post",
                    target_user=request.user_id,
                    renderer=FALLBACK_RENDERER,
                    record=None,
                    payload=payload,
                    dedupe_key=f"answer:{request.key}" if request.key else None,
                )
        except Exception:
            log.exception("an answer to %s was lost; its effect was not", request.name)
