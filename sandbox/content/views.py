"""Open, push, replace and close modals, and publish Homes."""

import uuid

from sandbox.blocks_check import complete_blocks, view_problems
from sandbox.wire.core import Core
from sandbox.world.in_flight import SlackError
from sandbox.world.inputs import initial_values, inputs_of
from sandbox.world.workspace import Installation, Json, View

STACK_LIMIT = 3


def home_key(app_id: str, user_id: str) -> str:
    """Return the key of a person's Home with an app."""
    return f"{app_id}/{user_id}"


def checked_view(view: object, kind: str) -> Json:
    """Return a view that Slack would take, or raise with its error and messages."""
    if not isinstance(view, dict):
        raise SlackError("invalid_arguments", response_metadata={"messages": ["[ERROR] missing required field: view"]})
    problems = view_problems(view, kind)
    if problems:
        raise SlackError("invalid_arguments", response_metadata={"messages": [f"[ERROR] {one}" for one in problems]})
    return view


def _complete(core: Core, install: Installation, view_id: str, given: Json) -> Json:
    return {
        "id": view_id,
        "team_id": install.team_id,
        "type": given["type"],
        "blocks": complete_blocks(given["blocks"]),
        "private_metadata": given.get("private_metadata", ""),
        "callback_id": given.get("callback_id", ""),
        "external_id": given.get("external_id", ""),
        "state": {"values": {}},
        "hash": f"{core.world.workspace.next_ts()}.{uuid.uuid4().hex[:8]}",
        "title": given.get("title", {"type": "plain_text", "text": "View Title", "emoji": True}),
        "clear_on_close": bool(given.get("clear_on_close", False)),
        "notify_on_close": bool(given.get("notify_on_close", False)),
        "close": given.get("close"),
        "submit": given.get("submit"),
        "previous_view_id": None,
        "root_view_id": view_id,
        "app_id": install.app_id,
        "app_installed_team_id": install.team_id,
        "bot_id": install.bot_id,
    }


def _make(core: Core, install: Installation, user_id: str, given: Json) -> View:
    view_id = core.world.workspace.new_id("V")
    external = given.get("external_id")
    stacks = core.world.workspace.modals.values()
    if external and any(
        one.body["external_id"] == external and one.team_id == install.team_id for stack in stacks for one in stack
    ):
        raise SlackError("duplicate_external_id")
    view = View(view_id, install.app_id, install.team_id, user_id, _complete(core, install, view_id, given))
    view.values = initial_values(view.body["blocks"])
    return view


def open_modal(core: Core, install: Installation, user_id: str, given: Json) -> View:
    """Open a modal as the only one of its person."""
    view = _make(core, install, user_id, given)
    core.world.workspace.modals[user_id] = [view]
    core.world.workspace.changes.bump()
    return view


def push_modal(core: Core, install: Installation, user_id: str, given: Json) -> View:
    """Put a modal on top of the person's stack, which holds three at most."""
    stack = core.world.workspace.modals.get(user_id, [])
    if not stack or stack[0].app_id != install.app_id:
        raise SlackError("not_found")
    if len(stack) >= STACK_LIMIT:
        raise SlackError("push_limit_reached")
    view = _make(core, install, user_id, given)
    view.body |= {"previous_view_id": stack[-1].id, "root_view_id": stack[0].id}
    stack.append(view)
    core.world.workspace.changes.bump()
    return view


def replace(core: Core, view: View, given: Json) -> None:
    """Replace what a view shows; what was filled in stays where block and action id are the same."""
    install = core.world.workspace.installation(view.app_id, view.team_id)
    if install is None:
        raise SlackError("account_inactive")
    fresh = _complete(core, install, view.id, given)
    for kept in ("previous_view_id", "root_view_id"):
        fresh[kept] = view.body[kept]
    entered = view.values
    view.body, view.errors, view.notice = fresh, {}, ""
    view.values = initial_values(fresh["blocks"])
    for block_id, action_id, element in inputs_of(fresh["blocks"]):
        before = entered.get(block_id, {}).get(action_id)
        if before is not None and before["type"] == element["type"]:
            view.values.setdefault(block_id, {})[action_id] = before
    core.world.workspace.changes.bump()


def close_top(core: Core, user_id: str) -> View | None:
    """Take the top modal away and return it; the one below shows again."""
    stack = core.world.workspace.modals.get(user_id, [])
    if not stack:
        return None
    view = stack.pop()
    if not stack:
        core.world.workspace.modals.pop(user_id)
    core.world.workspace.changes.bump()
    return view


def close_one(core: Core, view: View) -> None:
    """Take one modal out of its stack, wherever it stands by now."""
    stack = core.world.workspace.modals.get(view.user_id, [])
    if view in stack:
        stack.remove(view)
    if not stack:
        core.world.workspace.modals.pop(view.user_id, None)
    core.world.workspace.changes.bump()


def close_all(core: Core, user_id: str) -> list[View]:
    """Close the whole stack and return what was in it."""
    gone = core.world.workspace.modals.pop(user_id, [])
    core.world.workspace.changes.bump()
    return gone


def publish_home(core: Core, install: Installation, user_id: str, given: Json) -> View:
    """Show a Home in place of the one before."""
    workspace = core.world.workspace
    current = workspace.homes.get(home_key(install.app_id, user_id))
    if current is not None:
        replace(core, current, given)
        return current
    view = _make(core, install, user_id, given)
    workspace.homes[home_key(install.app_id, user_id)] = view
    workspace.changes.bump()
    return view
