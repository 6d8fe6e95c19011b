"""Find what a person means: a button by what it says, a field by its label, a message by what is in it."""

from typing import Any

from sandbox.content.views import home_key
from sandbox.control.interactions import Refused
from sandbox.control.sight import message_texts
from sandbox.world.inputs import FIELDS, choose, elements_of, inputs_of, label_of, options_of
from sandbox.world.markup import readable
from sandbox.world.workspace import Channel, Json, Message, User, View, Workspace

Place = View | Message


def reader(workspace: Workspace, reference: str) -> User:
    """Return the person who acts; raises Refused for one nobody knows."""
    user = workspace.users.get(reference)
    if user is None or user.is_bot:
        raise Refused(f"no person {reference!r}")
    return user


def channel_for(workspace: Workspace, user: User, reference: str | None) -> Channel:
    """Return the channel a person names, their first public one when they name none."""
    if reference:
        channel = workspace.find_channel(reference, user)
    else:
        channel = next((c for c in workspace.channels.values() if c.kind == "public" and user.id in c.members), None)
    if channel is None or not workspace.sees_channel(channel, user):
        raise Refused(f"{user.name} sees no channel {reference!r}")
    return channel


def message_for(workspace: Workspace, user: User, reference: str, channel: str | None = None) -> Message:
    """Return the newest message a person sees with that ts, or with that text in it."""
    for message in candidates(workspace, user, channel):
        text = "\n".join(message_texts(message))
        if message.ts == reference or reference in text or reference in readable(workspace, text):
            return message
    raise Refused(f"{user.name} sees no message {reference!r}")


def candidates(workspace: Workspace, user: User, channel: str | None = None) -> list[Message]:
    """Return the messages a person sees, newest first."""
    only = channel_for(workspace, user, channel).id if channel else ""
    found = [
        message
        for one in workspace.channels.values()
        if only in ("", one.id) and workspace.sees_channel(one, user)
        for message in workspace.visible(one.id, user.id)
    ]
    return sorted(found, key=lambda message: message.ts, reverse=True)


def home_of(workspace: Workspace, user: User) -> View | None:
    """Return the person's Home of the first app installed in their team."""
    for install in workspace.installations:
        home = workspace.homes.get(home_key(install.app_id, user.id))
        if home is not None and install.team_id == user.team_id and not install.revoked:
            return home
    return None


def places(workspace: Workspace, user: User, where: Json) -> list[Place]:
    """Return where to look for an element: `message`, `channel` or `view` narrow it; else what is in front first."""
    if where.get("message"):
        return [message_for(workspace, user, str(where["message"]), where.get("channel"))]
    home = home_of(workspace, user)
    modal = workspace.modals.get(user.id, [])[-1:]
    if where.get("view") == "home":
        return [home] if home else []
    if where.get("view") == "modal":
        return list(modal)
    if where.get("view") == "message" or where.get("channel"):
        return list(candidates(workspace, user, where.get("channel")))
    # An open modal covers everything else, as it does in Slack.
    return list(modal) or [*candidates(workspace, user), *([home] if home else [])]


def blocks_of(place: Place) -> list[Json]:
    """Return the blocks of a view or a message."""
    return list(place.body.get("blocks") or [])


def element_for(workspace: Workspace, user: User, target: str, where: Json) -> tuple[Place, Json, Json]:
    """Return place, block and element that `target` names by action id, block id, text, label or option."""
    offered: list[str] = []
    for place in places(workspace, user, where):
        if isinstance(place, Message) and not place.body.get("bot_id"):
            continue
        for block, element in elements_of(blocks_of(place)):
            names = (element.get("action_id"), block.get("block_id"), label_of(block, element))
            options = [option["text"]["text"] for option in options_of(element)]
            if where.get("block_id") and where["block_id"] != block.get("block_id"):
                continue
            if target in names or (element["type"] == "overflow" and target in options):
                return place, block, element
            offered += [label_of(block, element) or str(element.get("action_id"))]
    shown = ", ".join(dict.fromkeys(offered)) or "nothing"
    raise Refused(f"{user.name} sees nothing to act on called {target!r}; there is: {shown}")


def field_for(view: View, name: str) -> tuple[str, str, Json]:
    """Return block id, action id and element of the field a person means by label, block id or action id."""
    wanted = {name.casefold(), name.replace("_", " ").casefold()}
    labels = {block["block_id"]: label_of(block, element) for block, element in elements_of(view.body["blocks"])}
    for block_id, action_id, element in inputs_of(view.body["blocks"]):
        if wanted & {block_id.casefold(), action_id.casefold(), labels[block_id].casefold()}:
            return block_id, action_id, element
    raise Refused(f"the modal has no field {name!r}; it has: {', '.join(labels.values())}")


def action_of(block: Json, element: Json, value: Any, ts: str) -> Json:
    """Return the entry of `actions` for what a person did with an element."""
    action: Json = {"type": element["type"], "block_id": block["block_id"], "action_id": element["action_id"]}
    action["action_ts"] = ts
    if element["type"] in ("button", "icon_button", "feedback_buttons", "workflow_button"):
        shown = element
        if element["type"] == "feedback_buttons":
            good = element["positive_button"]
            shown = good if value in (None, good.get("value"), good["text"]["text"]) else element["negative_button"]
        action |= {"text": shown.get("text")} | ({"value": shown["value"]} if "value" in shown else {})
    elif element["type"] == "overflow":
        picked = [o for o in element["options"] if value in (o.get("value"), o["text"]["text"])]
        if not picked:
            raise Refused(f"the menu has no {value!r}")
        action["selected_option"] = picked[0]
    elif element["type"] in FIELDS:
        action |= choose(element, value)
    return action
