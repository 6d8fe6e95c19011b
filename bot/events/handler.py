"""Handle a row of the inbox: a Slack event for its listeners, or a person's request whose process died."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from sqlalchemy.orm import Session

from bot.i18n import speak
from bot.kit.replies import Home
from bot.plugin import Handler, SlackEvent
from bot.requests.actors import KnownActor, People
from bot.requests.answer import Answer, is_in_doubt
from bot.requests.home import HomeView
from bot.requests.request import Request, RequestKind, mentioned, read
from bot.requests.responder import Responder
from bot.requests.runtime import Runtime, call_with
from bot.slack.clients import Installations
from storage.errors import CrmError
from storage.queues.inbox import InboxItem
from storage.records import history
from storage.support import sharing
from storage.workspace import workspaces
from storage.workspace.workspaces import Workspace

log = logging.getLogger(__name__)

INTERACTIONS = frozenset(
    k.value for k in (RequestKind.COMMAND, RequestKind.ACTION, RequestKind.VIEW, RequestKind.SHORTCUT)
)
Prepared = Mapping[str, Any]


class Events:
    """Handle inbox rows in two steps: `prepare` may ask Slack, `handle` runs in the row's own transaction."""

    def __init__(
        self, runtime: Runtime, responder: Responder, people: People, installations: Installations, home: HomeView
    ) -> None:
        self._runtime = runtime
        self._responder = responder
        self._people = people
        self._installations = installations
        self._home = home

    def prepare(self, item: InboxItem) -> Prepared:
        """Learn from Slack what the listeners will need: who wrote, and what their `before` functions ask."""
        if item.kind in INTERACTIONS:
            return {}
        request = read(RequestKind.EVENT, item.body, item.workspace_id)
        found: dict[str, Any] = {"request": request, "known": self._author(request)}
        slack = self._runtime.slack_for(item.workspace_id) if self._installations.get(item.workspace_id) else None
        for user_id in mentioned(request) if slack else ():
            # A message is stored with the names of whom it mentions.
            self._find(item.workspace_id, user_id)
        for listener in self._listeners(request):
            if listener.before and slack:
                given = {**self._given(request, found["known"]), "slack": slack}
                asked = partial(self._ask, listener.before, given)
                found[_key(listener)] = self._runtime.failures.contain(listener.handler, asked)
        return found

    @staticmethod
    def _ask(before: Handler, given: Mapping[str, Any]) -> tuple[Any]:
        return (call_with(before, given),)

    def handle(self, item: InboxItem, session: Session, prepared: Prepared) -> Callable[[], None] | None:
        """Run a row's listeners, each once, in the given transaction; return what is to be done after it.

        A listener of an optional plugin that raises costs only its own call.
        """
        request: Request = prepared["request"]
        known: KnownActor | None = prepared["known"]
        if request.place.shared and request.place.channel_id:
            sharing.noticed(session, request.place.channel_id)
        workspace = known.workspace if known else workspaces.get(session, item.workspace_id)
        speak(workspace.locale if workspace else None)
        key = f"event|{item.id}"
        home = False
        with history.recording(session, actor_id=request.user_id or None, request_key=key, source=request.name):
            for listener in self._listeners(request):
                found = prepared.get(_key(listener))
                if listener.before and found is None:
                    continue
                given = self._given(request, prepared["known"], workspace)
                given |= {"session": session, "found": found[0] if found else None}
                reply = self._runtime.failures.contain(
                    listener.handler, partial(self._call, listener.handler, given), session
                )
                home = home or isinstance(reply, Home)
        return partial(self._home.publish, request.workspace_id, request.user_id) if home and request.user_id else None

    def _call(self, handler: Handler, given: Mapping[str, Any]) -> Any:
        reply = call_with(handler, given)
        self._runtime.tell_listeners(given["session"], given)
        return reply

    def finish(self, item: InboxItem) -> None:
        """Finish a person's request whose process died; a repeat of one that had its effect only answers it."""
        request = read(RequestKind(item.kind), item.body, item.workspace_id)
        # First, as a command that is run again may not come to where it would notice that it has had its effect.
        earlier = self._runtime.repeated(request) if request.key else None
        answer: Answer = earlier or self._runtime.perform(request)
        if is_in_doubt(answer):
            raise RuntimeError("it is not known whether this had its effect; it is looked at again")
        view_id = str(request.view.get("id", "")) if request.kind is RequestKind.VIEW else ""
        self._responder.send(request, answer, view_id=view_id)

    def _author(self, request: Request) -> KnownActor | None:
        if not request.user_id or request.name in {"app_uninstalled", "tokens_revoked", "user_change", "team_join"}:
            return None
        return self._find(request.workspace_id, request.user_id)

    def _find(self, workspace_id: str, user_id: str) -> KnownActor | None:
        """Return who this is, None for somebody Slack tells us nothing about."""
        try:
            return self._people.find(workspace_id, user_id)
        except CrmError as exc:
            if exc.kind in {"not_found", "refused"}:
                return None
            raise

    def _listeners(self, request: Request) -> list[SlackEvent]:
        return self._runtime.registry.events(request.name, request.body["event"])

    def _given(self, request: Request, known: KnownActor | None, workspace: Workspace | None = None) -> dict[str, Any]:
        return {
            **self._runtime.given(known, workspace),
            "event": {"event_ts": str(request.body.get("event_time", "")), **request.body["event"]},
            "place": request.place,
        }


def _key(listener: SlackEvent) -> str:
    return f"{listener.handler.__module__}.{listener.handler.__qualname__}"
