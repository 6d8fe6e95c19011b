"""Let a person act on an app: run a command, click, choose, submit, close, and take what the app answers."""

from typing import Any

from sandbox import response_urls
from sandbox.content import views
from sandbox.control.sight import message_texts
from sandbox.wire.core import Core
from sandbox.wire.delivery import Answer
from sandbox.world.in_flight import SlackError
from sandbox.world.inputs import FIELDS, client_errors, initial_values
from sandbox.world.markup import readable, typed
from sandbox.world.shapes import payload_channel, payload_user, team_object
from sandbox.world.workspace import Channel, Installation, Json, Message, User, View

FAILURES = {"timeout": "operation_timeout", "connection_failed": "dispatch_failed", "http_error": "http_service_error"}
TROUBLE = "We had some trouble connecting. Try again?"


class Refused(Exception):
    """Say why a person cannot do that in the Slack client, or not yet."""


class Interactions:
    """Build Slack's payloads, deliver them, and apply the acknowledgements."""

    def __init__(self, core: Core) -> None:
        self._core = core

    async def command(self, user: User, channel: Channel, text: str, escape: bool | None = None) -> Json:
        """Run a slash command and show its answer, or Slack's own message about its failure."""
        name, _, rest = text.partition(" ")
        if "\n" in name:
            name, _, rest = text.partition("\n")
        install, declared = self._command_owner(user, name)
        if install is None:
            self._whisper(user, channel, f"{name} is not a valid command.")
            return {"ok": False, "error": "unknown_command"}
        entities = bool(declared.get("should_escape", False)) if escape is None else escape
        workspace = self._core.world.workspace
        payload = {
            "token": workspace.apps[install.app_id].verification_token,
            "team_id": install.team_id,
            "team_domain": workspace.teams[install.team_id].domain,
            "channel_id": channel.id,
            "channel_name": payload_channel(channel)["name"],
            "user_id": user.id,
            "user_name": user.name,
            "command": name,
            "text": typed(workspace, user, rest.strip(), named=True, entities=entities),
            "api_app_id": install.app_id,
            "is_enterprise_install": "false",
            "response_url": self._core.world.new_response_url(install, user.id, channel.id),
            "trigger_id": self._core.world.new_trigger(install, user.id),
        }
        answer = await self._core.courier.carry(workspace.apps[install.app_id], "slash_commands", payload)
        if not answer.ok:
            error = FAILURES[answer.status]
            self._whisper(user, channel, f'{name} failed with the error "{error}"')
            return {"ok": False, "error": error}
        if not answer.body:
            return {"ok": True, "answer": None}
        try:
            shown = response_urls.show_answer(self._core, install, user.id, channel.id, answer.body)
        except SlackError as error:
            self._whisper(user, channel, f'{name} failed with the error "invalid_command_response"')
            return {"ok": False, "error": "invalid_command_response", "detail": {"error": error.code} | error.extra}
        said = readable(workspace, "\n".join(message_texts(shown))) if shown else ""
        return {"ok": True, "answer": answer.body, "ts": shown.ts if shown else "", "text": said}

    def _command_owner(self, user: User, name: str) -> tuple[Installation | None, Json]:
        for install in self._core.world.workspace.installations:
            if install.team_id != user.team_id or install.revoked:
                continue
            manifest = self._core.world.workspace.apps[install.app_id].manifest
            declared = manifest.get("features", {}).get("slash_commands", [])
            if not manifest:
                return install, {"should_escape": True}
            for command in declared:
                if command["command"] == name:
                    return install, command
        return None, {}

    def _whisper(self, user: User, channel: Channel, text: str) -> None:
        workspace = self._core.world.workspace
        body = {"type": "message", "user": "USLACKBOT", "text": text, "ts": workspace.next_ts(), "team": user.team_id}
        workspace.add(Message(channel.id, body["ts"], body, visible_to=user.id))

    def installation_of(self, message: Message) -> Installation:
        """Return who posted a message; raises Refused when that was no app, or one that is gone."""
        for install in self._core.world.workspace.installations:
            if install.bot_id == message.body.get("bot_id") and not install.revoked:
                return install
        raise Refused("that message is not from an app that is installed")

    async def act_in_message(self, user: User, message: Message, action: Json) -> Json:
        """Send a block action from a message."""
        workspace = self._core.world.workspace
        install = self.installation_of(message)
        channel = workspace.channels[message.channel]
        container: Json = {
            "type": "message",
            "message_ts": message.ts,
            "channel_id": channel.id,
            "is_ephemeral": bool(message.visible_to),
        }
        where = {"message_ts": message.ts}
        if message.is_reply:
            container["thread_ts"] = where["thread_ts"] = message.thread_ts
        payload = self._base("block_actions", install, user) | {
            "container": container,
            "trigger_id": self._core.world.new_trigger(install, user.id),
            "channel": payload_channel(channel),
            "state": {"values": message_state(message, action)},
            "response_url": self._core.world.new_response_url(install, user.id, channel.id, **where),
            "actions": [action],
        }
        if not message.visible_to:
            payload["message"] = {key: value for key, value in message.body.items() if key != "metadata"}
        return await self._interact(install, payload)

    async def act_in_view(self, user: User, view: View, action: Json) -> Json:
        """Send a block action from a modal or a Home."""
        install = self._install_of_view(view)
        payload = self._base("block_actions", install, user) | {
            "container": {"type": "view", "view_id": view.id},
            "trigger_id": self._core.world.new_trigger(install, user.id),
            "view": view_payload(view),
            "actions": [action],
        }
        outcome = await self._interact(install, payload)
        if not outcome["ok"]:
            view.notice = TROUBLE
            self._core.world.workspace.changes.bump()
        return outcome

    async def submit(self, user: User, view: View) -> Json:
        """Submit a modal: first what the client checks, then the app's response action."""
        workspace = self._core.world.workspace
        if not view.body.get("submit"):
            raise Refused("this modal has no submit button")
        errors = client_errors(view.body["blocks"], view.values)
        view.errors, view.notice = errors, ""
        if errors:
            workspace.changes.bump()
            return {"ok": False, "error": "client_validation", "errors": errors}
        install = self._install_of_view(view)
        payload = self._base("view_submission", install, user) | {
            "trigger_id": self._core.world.new_trigger(install, user.id),
            "view": view_payload(view),
            "response_urls": [],
        }
        answer = await self._core.courier.carry(workspace.apps[install.app_id], "interactive", payload)
        return self._apply_submission(user, view, install, answer)

    def _apply_submission(self, user: User, view: View, install: Installation, answer: Answer) -> Json:
        workspace = self._core.world.workspace
        body = answer.body if isinstance(answer.body, dict) else {}
        action = body.get("response_action")
        outcome: Json = {"ok": True, "answer": answer.body or None}
        try:
            if not answer.ok:
                raise SlackError(FAILURES[answer.status])
            if action == "errors":
                self._show_errors(view, body.get("errors") or {})
                return outcome | {"ok": False, "error": "errors", "errors": view.errors}
            if action == "update":
                views.replace(self._core, view, views.checked_view(body.get("view"), "modal"))
            elif action == "push":
                given = views.checked_view(body.get("view"), "modal")
                views.push_modal(self._core, install, user.id, given)
            elif action == "clear":
                views.close_all(self._core, user.id)
            elif view in workspace.modals.get(user.id, []):
                views.close_one(self._core, view)
        except SlackError as error:
            view.notice = TROUBLE
            workspace.changes.bump()
            return {"ok": False, "error": error.code, "detail": error.extra}
        return outcome

    def _show_errors(self, view: View, errors: Any) -> None:
        inputs = {block["block_id"] for block in view.body["blocks"] if block["type"] == "input"}
        if not isinstance(errors, dict) or not errors or not set(errors) <= inputs:
            raise SlackError("invalid_errors", blocks=sorted(inputs), given=errors)
        view.errors = {str(key): str(value) for key, value in errors.items()}
        self._core.world.workspace.changes.bump()

    async def close(self, user: User, clear: bool = False) -> Json:
        """Close the top modal, or all of them, and tell the app when it asked to be told."""
        top = views.close_top(self._core, user.id)
        if top is None:
            raise Refused("no modal is open")
        gone = [top, *(views.close_all(self._core, user.id) if clear or top.body["clear_on_close"] else [])]
        outcome: Json = {"ok": True, "answer": None}
        for view in gone:
            if view.body["notify_on_close"]:
                install = self._install_of_view(view)
                payload = self._base("view_closed", install, user) | {
                    "view": view_payload(view),
                    "is_cleared": len(gone) > 1,
                }
                outcome = await self._interact(install, payload)
        return outcome

    async def suggest(
        self, user: User, block_id: str, action_id: str, text: str, view: View | None, message: Message | None
    ) -> Json:
        """Ask the app for the options of an external select and return them as `options`."""
        workspace = self._core.world.workspace
        if view is not None:
            install = self._install_of_view(view)
            place: Json = {"container": {"type": "view", "view_id": view.id}, "view": view_payload(view)}
        else:
            assert message is not None
            install = self.installation_of(message)
            container = {"type": "message", "message_ts": message.ts, "channel_id": message.channel}
            place = {
                "container": container | {"is_ephemeral": bool(message.visible_to)},
                "channel": payload_channel(workspace.channels[message.channel]),
                "message": message.body,
            }
        payload = self._base("block_suggestion", install, user) | place
        payload |= {"action_id": action_id, "block_id": block_id, "value": text}
        answer = await self._core.courier.carry(workspace.apps[install.app_id], "interactive", payload)
        if not answer.ok:
            return {"ok": False, "error": FAILURES[answer.status], "options": []}
        body = answer.body if isinstance(answer.body, dict) else {}
        groups = body.get("option_groups") or []
        options = [*(body.get("options") or []), *(one for group in groups for one in group["options"])]
        if len(options) > 100:
            return {"ok": False, "error": "invalid_options", "options": []}
        return {"ok": True, "answer": body, "options": options}

    async def shortcut(self, user: User, callback_id: str, message: Message | None) -> Json:
        """Run a global shortcut, or a message shortcut on a message."""
        workspace = self._core.world.workspace
        install = self._shortcut_owner(user, callback_id)
        payload = self._base("message_action" if message else "shortcut", install, user)
        payload |= {"callback_id": callback_id, "trigger_id": self._core.world.new_trigger(install, user.id)}
        payload["action_ts"] = workspace.next_ts()
        if message is not None:
            channel = workspace.channels[message.channel]
            where = {"thread_ts": message.thread_ts} if message.is_reply else {}
            payload |= {
                "channel": payload_channel(channel),
                "message_ts": message.ts,
                "message": {key: value for key, value in message.body.items() if key != "metadata"},
                "response_url": self._core.world.new_response_url(install, user.id, channel.id, **where),
            }
        return await self._interact(install, payload)

    def _shortcut_owner(self, user: User, callback_id: str) -> Installation:
        mine = [i for i in self._core.world.workspace.installations if i.team_id == user.team_id and not i.revoked]
        for install in mine:
            manifest = self._core.world.workspace.apps[install.app_id].manifest
            declared = manifest.get("features", {}).get("shortcuts", [])
            if not manifest or any(one["callback_id"] == callback_id for one in declared):
                return install
        raise Refused(f"no installed app has the shortcut {callback_id!r}")

    def _install_of_view(self, view: View) -> Installation:
        install = self._core.world.workspace.installation(view.app_id, view.team_id)
        if install is None:
            raise Refused("the app of this view is not installed any more")
        return install

    def _base(self, kind: str, install: Installation, user: User) -> Json:
        workspace = self._core.world.workspace
        return {
            "type": kind,
            "user": payload_user(user),
            "api_app_id": install.app_id,
            "token": workspace.apps[install.app_id].verification_token,
            "team": team_object(workspace, install.team_id),
            "enterprise": None,
            "is_enterprise_install": False,
        }

    async def _interact(self, install: Installation, payload: Json) -> Json:
        app = self._core.world.workspace.apps[install.app_id]
        answer = await self._core.courier.carry(app, "interactive", payload)
        if not answer.ok:
            return {"ok": False, "error": FAILURES[answer.status]}
        return {"ok": True, "answer": answer.body or None}


def view_payload(view: View) -> Json:
    """Return a view with what the person has filled in."""
    return view.body | {"state": {"values": view.values}}


def message_state(message: Message, action: Json) -> dict[str, dict[str, Json]]:
    """Return `state.values` of a message: what its inputs hold, the present action included."""
    values = initial_values(message.body.get("blocks") or [])
    name = FIELDS.get(str(action["type"]))
    if name:
        chosen = {"type": action["type"], name: action.get(name)}
        values.setdefault(action["block_id"], {})[action["action_id"]] = chosen
    return values
