"""Send answers: with the acknowledgement, by response_url, into a view, to the App Home, or else as a DM."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from typing import Any

from bot.i18n import _
from bot.kit import blocks as b
from bot.requests.answer import (
    Answer,
    ErrorsAnswer,
    HomeAnswer,
    MessageAnswer,
    ModalAnswer,
    NoAnswer,
    OptionsAnswer,
)
from bot.requests.answers import after, note_view, said_in, sentence
from bot.requests.audience import Audience
from bot.requests.home import HomeView
from bot.requests.request import Request, RequestKind
from bot.slack import hooks
from bot.slack.clients import NETWORK_ERRORS, Installations, refusal
from storage.database.engine import Database
from storage.queues import outbox

log = logging.getLogger(__name__)

Ack = Mapping[str, Any] | str
FALLBACK_RENDERER = "core.answer"


def acknowledgement(request: Request, answer: Answer) -> Ack:
    """Return the body of the acknowledgement that carries the answer, or as much of it as may travel there."""
    match request.kind, answer:
        case RequestKind.COMMAND, MessageAnswer():
            return _message(answer)
        case RequestKind.VIEW, ErrorsAnswer():
            return {"response_action": "errors", "errors": dict(answer.errors)}
        case RequestKind.VIEW, ModalAnswer():
            return {"response_action": "update", "view": dict(answer.view)}
        case RequestKind.OPTIONS, _:
            return {"options": list(answer.options) if isinstance(answer, OptionsAnswer) else []}
        case _:
            return ""


def working(request: Request) -> Ack:
    """Return the acknowledgement of a request that takes longer than Slack waits."""
    if request.kind is RequestKind.COMMAND:
        return {"response_type": "ephemeral", "text": _("Working on it…")}
    if request.kind is RequestKind.VIEW:
        return {"response_action": "update", "view": note_view(request.view, _("Saving…"))}
    return {"options": []} if request.kind is RequestKind.OPTIONS else ""


def instead(request: Request, text: str) -> Ack:
    """Return the acknowledgement that says something in place of the answer; a click's carries no text."""
    if request.kind is RequestKind.COMMAND:
        return {"response_type": "ephemeral", "text": text}
    fields = list((request.view.get("state") or {}).get("values", {}))
    if request.kind is RequestKind.VIEW and fields:
        return {"response_action": "errors", "errors": {fields[0]: text}}
    return {"options": []} if request.kind is RequestKind.OPTIONS else ""


def travels_after(request: Request, answer: Answer) -> bool:
    """Tell whether something is left to be sent once the request has been acknowledged in time."""
    if isinstance(answer, NoAnswer | ErrorsAnswer | OptionsAnswer):
        return request.kind is RequestKind.ACTION and request.from_home
    if request.kind is RequestKind.COMMAND:
        return not isinstance(answer, MessageAnswer)
    return not (request.kind is RequestKind.VIEW and isinstance(answer, ModalAnswer))


def carried(request: Request, answer: Answer) -> Answer | None:
    """Return what an acknowledgement told with an answer, so that it can be told again; None where it told nothing."""
    if request.kind not in {RequestKind.COMMAND, RequestKind.VIEW}:
        return None
    if isinstance(answer, NoAnswer):
        return sentence(_("Done."))
    if isinstance(answer, MessageAnswer | HomeAnswer) and request.kind is RequestKind.VIEW:
        # The form would have been closed; what is beside it is sent anyway.
        return NoAnswer(answer.text)
    return None if travels_after(request, answer) else answer


def _message(answer: MessageAnswer) -> dict[str, Any]:
    return {
        "response_type": "in_channel" if answer.share else "ephemeral",
        "text": answer.text,
        "blocks": list(answer.blocks),
        "unfurl_links": False,
        "unfurl_media": False,
    }


class Responder:
    """Send what could not travel in an acknowledgement."""

    def __init__(self, installations: Installations, database: Database, home: HomeView, audience: Audience) -> None:
        self._installations = installations
        self._database = database
        self._home = home
        self.audience = audience

    def send(self, request: Request, answer: Answer, *, view_id: str = "") -> None:
        """Send an answer by the way that suits the request; fall back to a DM that is delivered exactly once.

        `view_id` names a modal that waits for the answer. Raises what the database raises where even the DM could not
        be stored.
        """
        if not self._send(request, answer, view_id):
            self.send_dm(request, answer)

    def _send(self, request: Request, answer: Answer, view_id: str) -> bool:
        shown = bool(view_id) and self._tried(
            request, lambda: self._update_view(request, after(answer, request.view), view_id)
        )
        if view_id and request.kind is not RequestKind.VIEW:
            return shown
        if isinstance(answer, HomeAnswer) or (request.from_home and not isinstance(answer, ModalAnswer | ErrorsAnswer)):
            notice = "" if isinstance(answer, OptionsAnswer) else answer.text
            return self._tried(request, lambda: self._publish(request, notice))
        own = str(request.view.get("id", ""))
        match answer:
            case MessageAnswer() if request.kind is RequestKind.ACTION and request.view.get("type") == "modal":
                # What was asked in a modal is said there.
                return self._tried(request, lambda: self._update_view(request, said_in(request.view, answer), own))
            case MessageAnswer():
                # Beside a modal that has said it already, the card is welcome but not owed.
                return self._tried(request, lambda: self._respond(request, answer)) or shown
            case ModalAnswer() if not view_id:
                return self._tried(request, lambda: self._update_view(request, answer.view, own))
            case ModalAnswer() | ErrorsAnswer():
                return shown
            case NoAnswer() | OptionsAnswer():
                return True

    def _tried(self, request: Request, call: Callable[[], bool]) -> bool:
        try:
            return call()
        except NETWORK_ERRORS as exc:
            log.warning("an answer to %s was not taken: %s", request.name, refusal(exc))
        return False

    def _publish(self, request: Request, notice: str) -> bool:
        self._home.publish(request.workspace_id, request.user_id, notice=b.Markup(notice))
        return True

    def open(self, request: Request, view: Mapping[str, Any]) -> str | None:
        """Open a view at once and return its id, None where Slack refused."""
        try:
            method = "views_push" if request.view.get("type") == "modal" else "views_open"
            client = self._installations.client(request.workspace_id)
            opened = getattr(client, method)(trigger_id=request.trigger_id, view=dict(view))
            return str(opened["view"]["id"])
        except NETWORK_ERRORS as exc:
            log.warning("a form for %s was not opened: %s", request.name, refusal(exc))
        return None

    def _update_view(self, request: Request, view: Mapping[str, Any], view_id: str) -> bool:
        self._installations.client(request.workspace_id).views_update(view_id=view_id, view=dict(view))
        return True

    def _respond(self, request: Request, answer: MessageAnswer) -> bool:
        """Answer by response_url; False where there is none or Slack no longer takes it (5 uses, 30 minutes)."""
        if not request.response_url:
            return False
        if not hooks.is_slack(request.response_url, self._installations.api_url):
            log.warning("an answer to %s was not sent: its address is not Slack's", request.name)
            return False
        answer = self.audience.confine_message(request, answer)
        replaces = answer.replace and request.kind is RequestKind.ACTION
        body: dict[str, Any] = {**_message(answer), "replace_original": replaces}
        if request.place.thread_ts and not replaces:
            body["thread_ts"] = request.place.thread_ts
        return hooks.send(request.response_url, body)

    def tell(self, request: Request, text: str) -> None:
        """Say something where a request came from, if that is known; nothing follows where it cannot be said."""
        self._tried(request, lambda: self._respond(request, sentence(text)))

    def send_dm(self, request: Request, answer: Answer) -> None:
        """Put an answer into the outbox as a DM to the person who asked; raise what the database raises."""
        text = _in_words(answer)
        if not text or not request.user_id:
            return
        payload = {"text": text, "blocks": list(answer.blocks) if isinstance(answer, MessageAnswer) else []}
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


def _in_words(answer: Answer) -> str:
    """Return what an answer says where it can only be a message."""
    match answer:
        case ModalAnswer():
            return _("The form could not be shown in time. Please open it again.")
        case ErrorsAnswer():
            return b.join(list(answer.errors.values()))
        case OptionsAnswer():
            return ""
        case MessageAnswer() | HomeAnswer() | NoAnswer():
            return answer.text
