"""Carry out what a person does: one function a verb, over the control API's JSON."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.content import files, messages, views
from sandbox.control.interactions import Interactions, Refused
from sandbox.control.targets import action_of, channel_for, element_for, field_for, message_for
from sandbox.wire.core import Core
from sandbox.world.inputs import FIELDS, choose, elements_of
from sandbox.world.markup import typed
from sandbox.world.workspace import Json, Message, User, View

EXTERNAL = ("external_select", "multi_external_select")


@dataclass
class Act:
    """Give a verb the sandbox, the person and the arguments."""

    core: Core
    interactions: Interactions
    user: User
    args: Json

    def text(self, name: str, default: str = "") -> str:
        """Return an argument as text."""
        value = self.args.get(name)
        return default if value is None else str(value)

    @property
    def modal(self) -> View:
        """Return the modal in front; raises Refused when none is open."""
        stack = self.core.world.workspace.modals.get(self.user.id)
        if not stack:
            raise Refused(f"{self.user.name} has no modal open")
        return stack[-1]

    def message(self) -> Message:
        """Return the message the arguments name."""
        return message_for(self.core.world.workspace, self.user, self.text("message"), self.args.get("channel") or None)


async def types(act: Act) -> Json:
    """Write a message, a reply in a thread, or a slash command."""
    workspace = act.core.world.workspace
    channel = channel_for(workspace, act.user, act.args.get("channel"))
    text = act.text("text")
    if text.startswith("/"):
        if act.args.get("thread"):
            raise Refused("slash commands cannot be used in threads")
        return await act.interactions.command(act.user, channel, text, act.args.get("escape"))
    return _say(act, text)


async def posts(act: Act) -> Json:
    """Write a message, even one that begins with a slash."""
    return _say(act, act.text("text"))


async def sends(act: Act) -> Json:
    """Send a file, whose `content` is base64, with or without a text."""
    sent = files.keep(act.core, act.user, act.text("name"), act.text("content"))
    return _say(act, act.text("text"), [sent])


def _say(act: Act, text: str, sent: Sequence[Json] = ()) -> Json:
    workspace = act.core.world.workspace
    channel = channel_for(workspace, act.user, act.args.get("channel"))
    if channel.is_archived:
        raise Refused("the channel is archived")
    if act.user.id not in channel.members:
        act.core.membership.join(channel, act.user)
    thread = act.text("thread")
    if thread:
        thread = message_for(workspace, act.user, thread, channel.id).thread_ts
    marked = text if act.args.get("raw") else typed(workspace, act.user, text)
    message = messages.say(act.core, act.user, channel, marked, thread, sent)
    return {"ok": True, "channel": channel.id, "ts": message.ts}


async def clicks(act: Act) -> Json:
    """Press a button or pick from an overflow menu, named by its text or action id."""
    return await _use(act, act.text("target"), act.args.get("value"))


async def selects(act: Act) -> Json:
    """Choose a value in a menu, picker or set of boxes."""
    return await _use(act, act.text("target"), act.args.get("value"))


async def forges(act: Act) -> Json:
    """Press a control that nobody was shown, on a message one sees, as whoever writes their own payload does."""
    action = {"type": "button", "block_id": "forged", "action_id": act.text("action_id"), "value": act.text("value")}
    action["action_ts"] = act.core.world.workspace.next_ts()
    return await act.interactions.act_in_message(act.user, act.message(), action)


async def _use(act: Act, target: str, value: object) -> Json:
    workspace = act.core.world.workspace
    place, block, element = element_for(workspace, act.user, target, act.args)
    value = _uploaded(act, element, value)
    if element["type"] == "overflow" and value is None:
        value = target
    if element["type"] in EXTERNAL:
        return await _use_external(act, place, block, element, value)
    return await _send(act, place, action_of(block, element, value, workspace.next_ts()), block)


def _uploaded(act: Act, element: Json, value: Any) -> Any:
    """Upload what a person puts into a field for files, each `{name, content}`, and return it as Slack names it."""
    if element["type"] != "file_input":
        return value
    given = value if isinstance(value, list) else [value] if value else []
    return [files.keep(act.core, act.user, str(one["name"]), str(one["content"])) for one in given]


async def _use_external(act: Act, place: View | Message, block: Json, element: Json, value: object) -> Json:
    offered = await _offered(act, place, block, element, value)
    state = choose(element, value, offered)
    ids = {"block_id": block["block_id"], "action_id": element["action_id"]}
    action = {"action_ts": act.core.world.workspace.next_ts()} | ids | state
    return await _send(act, place, action, block)


async def _offered(act: Act, place: View | Message, block: Json, element: Json, value: object) -> list[Json]:
    """Return what the app suggests for a wanted value; for several, for each of them."""
    found: list[Json] = []
    for one in value if isinstance(value, list) else [value]:
        text = str(one.get("text", {}).get("text", "") if isinstance(one, dict) else one or "")
        found += (await _suggest(act, place, block["block_id"], element["action_id"], text))["options"]
    return found


async def _suggest(act: Act, place: View | Message, block_id: str, action_id: str, text: str) -> Json:
    view = place if isinstance(place, View) else None
    message = place if isinstance(place, Message) else None
    return await act.interactions.suggest(act.user, block_id, action_id, text, view, message)


async def _send(act: Act, place: View | Message, action: Json, block: Json) -> Json:
    if isinstance(place, Message):
        return await act.interactions.act_in_message(act.user, place, action)
    name = FIELDS.get(action["type"])
    if name:
        state = {"type": action["type"], name: action.get(name)}
        place.values.setdefault(action["block_id"], {})[action["action_id"]] = state
        act.core.world.workspace.changes.bump()
        if block["type"] == "input" and not block.get("dispatch_action"):
            return {"ok": True, "answer": None}
    return await act.interactions.act_in_view(act.user, place, action)


async def types_option(act: Act) -> Json:
    """Type into an external select and return the options the app suggests."""
    place, block, element = element_for(act.core.world.workspace, act.user, act.text("target"), act.args)
    return await _suggest(act, place, block["block_id"], element["action_id"], act.text("text"))


async def fills(act: Act) -> Json:
    """Fill fields of the modal in front by label, block id or action id, without submitting."""
    view = act.modal
    wanted = [(field_for(view, name), value) for name, value in (act.args.get("values") or {}).items()]
    dispatching = {b["block_id"] for b, _ in elements_of(view.body["blocks"]) if b.get("dispatch_action")}
    for (block_id, action_id, element), value in wanted:
        block = {"block_id": block_id}
        offered = await _offered(act, view, block, element, value) if element["type"] in EXTERNAL and value else None
        state = choose(element, _uploaded(act, element, value), offered)
        view.values.setdefault(block_id, {})[action_id] = state
        if block_id in dispatching:
            ids = {"block_id": block_id, "action_id": action_id, "action_ts": act.core.world.workspace.next_ts()}
            await act.interactions.act_in_view(act.user, view, ids | state)
    act.core.world.workspace.changes.bump()
    return {"ok": True, "answer": None}


async def submits(act: Act) -> Json:
    """Fill and submit the modal in front."""
    view = act.modal
    if not view.body.get("submit"):
        raise Refused("this modal has no submit button")
    await fills(act)
    return await act.interactions.submit(act.user, view)


async def closes(act: Act) -> Json:
    """Close the modal in front, or with `all` the whole stack."""
    return await act.interactions.close(act.user, bool(act.args.get("all")))


async def opens_home(act: Act) -> Json:
    """Open the App Home and tell the app so."""
    workspace = act.core.world.workspace
    for install in workspace.installations:
        if install.team_id != act.user.team_id or install.revoked:
            continue
        event: Json = {
            "type": "app_home_opened",
            "user": act.user.id,
            "channel": workspace.im_between(act.user.id, install.bot_user_id).id,
            "tab": act.text("tab", "home"),
            "event_ts": workspace.next_ts(),
        }
        home = workspace.homes.get(views.home_key(install.app_id, act.user.id))
        if home is not None:
            event["view"] = home.body
        act.core.events.to_installations([install], event)
    return {"ok": True, "answer": None}


async def shortcut(act: Act) -> Json:
    """Run a shortcut by its callback id, on a message when one is named."""
    message = act.message() if act.args.get("message") else None
    return await act.interactions.shortcut(act.user, act.text("callback_id"), message)


async def reacts(act: Act) -> Json:
    """React to a message, or with `remove` take the reaction back."""
    message, name = act.message(), act.text("name").strip(":")
    change = act.core.membership.unreact if act.args.get("remove") else act.core.membership.react
    if not change(message, act.user.id, name):
        raise Refused(f"the reaction :{name}: was {'not there' if act.args.get('remove') else 'there already'}")
    return {"ok": True, "ts": message.ts}


async def edits(act: Act) -> Json:
    """Change a message of one's own."""
    message = _own(act)
    text = act.text("text")
    marked = text if act.args.get("raw") else typed(act.core.world.workspace, act.user, text)
    content = {"text": marked, "blocks": [messages.rich_text(marked)]}
    messages.change(act.core, message, content, editor=act.user.id)
    return {"ok": True, "ts": message.ts}


async def deletes(act: Act) -> Json:
    """Delete a message of one's own."""
    message = _own(act)
    messages.remove(act.core, message)
    return {"ok": True, "ts": message.ts}


def _own(act: Act) -> Message:
    message = act.message()
    if message.body.get("user") != act.user.id or message.body.get("bot_id"):
        raise Refused("that message is someone else's")
    return message


async def joins(act: Act) -> Json:
    """Join a public channel."""
    channel = channel_for(act.core.world.workspace, act.user, act.text("channel"))
    act.core.membership.join(channel, act.user)
    return {"ok": True, "channel": channel.id}


async def invites(act: Act) -> Json:
    """Invite someone, a bot for instance, to a channel of one's own."""
    workspace = act.core.world.workspace
    channel = channel_for(workspace, act.user, act.text("channel"))
    guest = workspace.find_user(act.text("user"), act.user.team_id)
    if guest is None or act.user.id not in channel.members:
        raise Refused(f"{act.user.name} cannot invite {act.text('user')!r} there")
    act.core.membership.join(channel, guest, inviter=act.user.id)
    return {"ok": True, "channel": channel.id}


async def reads(act: Act) -> Json:
    """Mark a channel as read."""
    workspace = act.core.world.workspace
    channel = channel_for(workspace, act.user, act.text("channel"))
    shown = workspace.visible(channel.id, act.user.id)
    if shown and channel.last_read.get(act.user.id) != shown[-1].ts:
        channel.last_read[act.user.id] = shown[-1].ts
        workspace.changes.bump()
    return {"ok": True, "channel": channel.id}


VERBS: dict[str, Callable[[Act], Awaitable[Json]]] = {
    verb.__name__: verb
    for verb in (
        types,
        posts,
        sends,
        clicks,
        selects,
        forges,
        types_option,
        fills,
        submits,
        closes,
        opens_home,
        shortcut,
        reacts,
        edits,
        deletes,
        joins,
        invites,
        reads,
    )
}
