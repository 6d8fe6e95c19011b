"""Drive and show a sandbox over HTTP: everything below `/control/`.

Bodies and answers are JSON. What cannot be done answers 4xx with `{"ok": false, "why": "..."}`. `as` is always the id
of the person who acts or looks. `version` counts changes of the whole sandbox; answers that show state carry it.

**Look** (GET)

`/control/state?as=U`   `{version, me, team, teams, users, channels, apps, modal_open}`
    me, users[id]   `{id, team_id, name, real_name, display_name, label, title, email, tz, locale, is_bot, is_admin,
                    is_guest, app_id, bot_id, deleted...}`; `label` is the name to show; another `team_id` than mine
                    is a person of another organisation
    channels[]      `{id, name, kind: public|private|im|mpim, topic, purpose, members, is_member, is_archived,
                    is_ext_shared, teams, with, unread, mentions, last_ts, last_read}`; `with` is the other one of a
                    direct message
    apps[]          `{id, name, bot_user_id, has_home, dm}`; `dm` is a channel id, "" before the first message
`/control/channel?as=U&id=C`   `{version, channel, messages, threads}`
    messages[]      oldest first, as Slack returns them (`ts, user, bot_id, bot_profile, text, blocks, attachments,
                    edited, reactions, subtype...`) plus `ephemeral` (only I see it), `replies` (how many) and `plain`
                    (the text without markup); a message of Slack itself has the user USLACKBOT
    threads[ts]     the replies to the root with that ts
`/control/modal?as=U`   `{version, modal: null | {view, app, values, errors, notice, depth}}`
    view            as Slack returns it; `values[block_id][action_id]` is what is filled in (as in `state.values`),
                    `errors[block_id]` to show under a field, `notice` above all, `depth` how many are stacked
`/control/home?as=U&app_id=A`   `{version, home: null | {view, app, values, errors, notice}}`; the first app's without
                    `app_id`
`/control/commands?team=T`   what the apps' manifests declare:
                    `{commands: [{command, description, usage_hint, should_escape, app, app_id}],
                    shortcuts: [{name, type: global|message, callback_id, description, app, app_id}]}`
`/control/stream?as=U`   server-sent events; each `data: {"version": n}` says that something changed: look again
`/control/people`   `{teams: [{id, name, people: [user...]}]}`: whom one can act as
`/control/wait?since=N&seconds=S`   answers `{version}` once it is above N, or after S seconds
`/control/sight?as=U[&channel=C]`   `{version, seen: [{where: message|ephemeral|modal|home, channel, ts, text, raw}]}`
`/control/messages?as=U&channel=C`   `{channel, messages}` as Slack returns them plus `ephemeral`

**Act as a person** (POST `/control/act/<verb>`, body `{"as": "U", ...}`)

`types`         `{text, channel, thread?, escape?}` a message, or a slash command when it starts with `/`
`posts`         `{text, channel, thread?, raw?}` a message, always
`clicks`        `{target, value?, message?, channel?, view?, block_id?}` a button, or an entry of an overflow menu
                (`value` picks it)
`selects`       the same, for menus, pickers and boxes (`value`: an option's value or text or a list, an id, a date)
                in a field for files, `value` is a list of `{name, content (base64)}`
`sends`         `{name, content (base64), text?, channel?}` a file
`forges`        `{action_id, value, message, channel?}` a control that nobody was shown, on a message of an app
`types_option`  `{target, text, ...}` into an external select: `options` come back
`fills`         `{values: {label or block id or action id: value}}` in the modal in front, without submitting
`submits`       `{values: {...}}` fills and submits it; when it stays open,
                `{ok: false, error: "errors"|"client_validation", errors: {block_id: text}}`
`closes`        `{all?}`                             `opens_home`  `{tab?}`
`shortcut`      `{callback_id, message?, channel?}`  `reacts`      `{name, message, channel?, remove?}`
`edits`         `{message, text, channel?}`          `deletes`     `{message, channel?}`
`joins`         `{channel}`                          `invites`     `{user, channel}`
`reads`         `{channel}` marks it read

`target` is an action id, the text on the element, or its label; `message` a ts or a text in the message; `channel` an
id, `#name`, or `@name`; `view` is "modal", "home" or "message". A page that knows what was clicked sends
`{"target": action_id, "block_id": ..., "message": ts, "channel": id}` or
`{"target": action_id, "block_id": ..., "view": "modal"}`. The answer is `{ok, answer, ...}` once the app has
acknowledged; without `ok` there is an `error`: `operation_timeout`, `dispatch_failed` (no socket, nobody listens),
`http_service_error`, `invalid_command_response`. What a person cannot do answers 409; with `within` (seconds) the
server first waits for it to become possible.

**Set up** (POST `/control/admin/<verb>`, bodies in `sandbox.control.admin`): `seed`, `app`, `user_joins`,
`user_changes`, `user_vanishes`, `channel_renames`, `archives`, `shares`, `unshares`, `uninstalls`, `authorizes`,
`grants`, `disconnects`, `cuts`, `reinstalls`, `silences`.

`/control/faults`     GET lists, POST scripts one (`sandbox.world.faults.Fault`), DELETE forgets all
`/control/settings`   GET shows, POST changes (`sandbox.world.in_flight.Settings`)
`/control/clock`      POST `{advance: seconds}` moves the clock by which triggers, response urls and limits expire
`/control/calls?method=&since=`   the Web API calls so far: `{method, args, team, app, at, outcome, fault?}`
`/control/deliveries?kind=&since=`   what was sent to apps:
                      `{kind, type, payload, retry, at, seconds, status, code, answer}`
`/control/pending`    the events that no app has acknowledged yet: `{pending, open}`
"""

from __future__ import annotations

import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response, StreamingResponse
from starlette.routing import Route

from sandbox.control import acts, admin, page_state
from sandbox.control.interactions import Interactions, Refused
from sandbox.control.sight import sight
from sandbox.control.targets import channel_for, reader
from sandbox.wire.core import Core
from sandbox.world.inputs import BadInput
from sandbox.world.workspace import Json, User

Endpoint = Callable[[Request], Awaitable[Response]]


def _kindly(endpoint: Endpoint) -> Endpoint:
    """Turn what a caller got wrong into an answer that says so."""

    async def answer(request: Request) -> Response:
        try:
            return await endpoint(request)
        except Refused as error:
            return JSONResponse({"ok": False, "error": "refused", "why": str(error)}, 409)
        except KeyError as error:
            return JSONResponse({"ok": False, "error": "bad_request", "why": f"missing or unknown: {error}"}, 400)
        except (TypeError, ValueError) as error:
            return JSONResponse({"ok": False, "error": "bad_request", "why": str(error)}, 400)

    return answer


class ControlApi:
    """Serve `/control/...`."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._interactions = Interactions(core)

    def routes(self) -> list[Route]:
        """Return the routes of the control API."""
        reads: dict[str, Endpoint] = {
            "state": self._state,
            "channel": self._channel,
            "modal": self._modal,
            "home": self._home,
            "commands": self._commands,
            "people": self._people,
            "stream": self._stream,
            "sight": self._sight,
            "wait": self._wait,
            "messages": self._messages,
            "calls": self._calls,
            "deliveries": self._deliveries,
            "pending": self._pending,
        }
        return [
            *(Route(f"/control/{name}", _kindly(endpoint)) for name, endpoint in reads.items()),
            Route("/control/act/{verb}", _kindly(self._act), methods=["POST"]),
            Route("/control/admin/{verb}", _kindly(self._admin), methods=["POST"]),
            Route("/control/faults", _kindly(self._faults), methods=["GET", "POST", "DELETE"]),
            Route("/control/settings", _kindly(self._settings), methods=["GET", "POST"]),
            Route("/control/clock", _kindly(self._clock), methods=["POST"]),
        ]

    def _me(self, request: Request) -> User:
        return reader(self._core.world.workspace, request.query_params["as"])

    async def _state(self, request: Request) -> Response:
        return JSONResponse(page_state.state(self._core.world.workspace, self._me(request)))

    async def _channel(self, request: Request) -> Response:
        workspace, me = self._core.world.workspace, self._me(request)
        channel = channel_for(workspace, me, request.query_params["id"])
        return JSONResponse(page_state.channel(workspace, channel, me))

    async def _modal(self, request: Request) -> Response:
        return JSONResponse(page_state.modal(self._core.world.workspace, self._me(request)))

    async def _home(self, request: Request) -> Response:
        workspace, me = self._core.world.workspace, self._me(request)
        mine = [one.app_id for one in workspace.installations if one.team_id == me.team_id and not one.revoked]
        app_id = request.query_params.get("app_id") or (mine[0] if mine else "")
        return JSONResponse(page_state.home(workspace, me, app_id))

    async def _commands(self, request: Request) -> Response:
        return JSONResponse(page_state.commands(self._core.world.workspace, request.query_params["team"]))

    async def _people(self, _request: Request) -> Response:
        workspace = self._core.world.workspace
        teams = [
            {
                "id": team.id,
                "name": team.name,
                "people": [asdict(u) for u in workspace.users.values() if u.team_id == team.id and not u.is_bot],
            }
            for team in workspace.teams.values()
        ]
        return JSONResponse({"teams": teams})

    async def _stream(self, request: Request) -> Response:
        self._me(request)

        async def changes() -> AsyncIterator[str]:
            version = self._core.world.workspace.changes.version
            yield f'data: {{"version": {version}}}\n\n'
            while not self._core.stopping.is_set():
                newer = await self._core.world.workspace.changes.wait(version, 15.0)
                yield f'data: {{"version": {newer}}}\n\n' if newer > version else ": still here\n\n"
                version = newer

        return StreamingResponse(changes(), media_type="text/event-stream", headers={"Cache-Control": "no-store"})

    async def _act(self, request: Request) -> Response:
        verb = str(request.path_params["verb"])
        if verb not in acts.VERBS:
            return JSONResponse({"ok": False, "why": f"no verb {verb!r}; there are: {', '.join(acts.VERBS)}"}, 404)
        body: Json = json.loads(await request.body() or b"{}")
        deadline = time.monotonic() + float(body.pop("within", 0) or 0)
        while True:
            changes = self._core.world.workspace.changes
            version = changes.version
            try:
                user = reader(self._core.world.workspace, str(body.get("as", "")))
                return JSONResponse(await acts.VERBS[verb](acts.Act(self._core, self._interactions, user, body)))
            except (Refused, BadInput) as error:
                left = deadline - time.monotonic()
                if left <= 0 or self._core.stopping.is_set():
                    raise Refused(str(error)) from error
                await changes.wait(version, left)

    async def _admin(self, request: Request) -> Response:
        verb = str(request.path_params["verb"])
        if verb not in admin.VERBS:
            return JSONResponse({"ok": False, "why": f"no verb {verb!r}; there are: {', '.join(admin.VERBS)}"}, 404)
        return JSONResponse({"ok": True} | await admin.VERBS[verb](self._core, json.loads(await request.body())))

    async def _sight(self, request: Request) -> Response:
        workspace, me = self._core.world.workspace, self._me(request)
        reference = request.query_params.get("channel", "")
        channel = channel_for(workspace, me, reference).id if reference else ""
        return JSONResponse({"version": workspace.changes.version, "seen": sight(workspace, me, channel)})

    async def _wait(self, request: Request) -> Response:
        since, seconds = int(request.query_params["since"]), float(request.query_params.get("seconds", 5))
        version = await self._core.world.workspace.changes.wait(since, min(seconds, 60.0))
        return JSONResponse({"version": version})

    async def _messages(self, request: Request) -> Response:
        workspace, me = self._core.world.workspace, self._me(request)
        channel = channel_for(workspace, me, request.query_params.get("channel"))
        shown = [m.body | {"ephemeral": bool(m.visible_to)} for m in workspace.visible(channel.id, me.id)]
        return JSONResponse({"messages": shown, "channel": channel.id})

    async def _calls(self, request: Request) -> Response:
        return JSONResponse({"calls": _since(request, self._core.world.calls, "method")})

    async def _deliveries(self, request: Request) -> Response:
        return JSONResponse({"deliveries": _since(request, self._core.world.deliveries, "kind")})

    async def _pending(self, _request: Request) -> Response:
        pending = [asdict(one) for one in self._core.world.workspace.pending.values()]
        return JSONResponse({"pending": pending, "open": self._core.events.open_tasks})

    async def _faults(self, request: Request) -> Response:
        if request.method == "DELETE":
            self._core.faults.clear()
        if request.method == "POST":
            self._core.faults.add(**json.loads(await request.body()))
        return JSONResponse({"ok": True, "faults": self._core.faults.listed()})

    async def _settings(self, request: Request) -> Response:
        settings = self._core.world.settings
        changed: Json = json.loads(await request.body()) if request.method == "POST" else {}
        for name, value in changed.items():
            if not hasattr(settings, name):
                raise ValueError(f"no setting {name!r}; there are: {', '.join(asdict(settings))}")
            setattr(settings, name, value)
        return JSONResponse({"ok": True, "settings": asdict(settings)})

    async def _clock(self, request: Request) -> Response:
        self._core.world.clock.advance(float(json.loads(await request.body())["advance"]))
        return JSONResponse({"ok": True, "now": self._core.world.clock.now()})


def _since(request: Request, log: Any, name: str) -> list[Json]:
    wanted, since = request.query_params.get(name, ""), float(request.query_params.get("since", 0))
    return [one for one in log if wanted in ("", one[name]) and one["at"] >= since]
