"""Answer views.*: modals and the App Home."""

from sandbox.content import views
from sandbox.methods.registry import Call, method
from sandbox.world.in_flight import SlackError
from sandbox.world.workspace import Json, View


@method("views.open")
def open_view(call: Call) -> Json:
    """Open a modal for the person of a trigger id, in place of any stack they have open with this app."""
    body = views.checked_view(call.args.get("view"), "modal")
    trigger = call.core.world.use_trigger(call.required("trigger_id"), call.bot.app_id)
    return {"view": views.open_modal(call.core, call.bot, trigger.user_id, body).body}


@method("views.push")
def push(call: Call) -> Json:
    """Push a modal onto the open stack."""
    body = views.checked_view(call.args.get("view"), "modal")
    trigger = call.core.world.use_trigger(call.required("trigger_id"), call.bot.app_id)
    return {"view": views.push_modal(call.core, call.bot, trigger.user_id, body).body}


@method("views.update")
def update(call: Call) -> Json:
    """Replace what an open modal or a Home shows, unless it changed since the hash."""
    view = _find(call)
    body = views.checked_view(call.args.get("view"), str(view.body["type"]))
    if call.text("hash") and call.text("hash") != view.body["hash"]:
        raise SlackError("hash_conflict")
    views.replace(call.core, view, body)
    return {"view": view.body}


@method("views.publish")
def publish(call: Call) -> Json:
    """Show a Home to one person."""
    user = call.workspace.users.get(call.required("user_id"))
    if user is None or not call.knows(user):
        raise SlackError("user_not_found")
    if user.team_id != call.bot.team_id:
        raise SlackError("not_enabled")
    body = views.checked_view(call.args.get("view"), "home")
    current = call.workspace.homes.get(views.home_key(call.bot.app_id, user.id))
    if call.text("hash") and current is not None and call.text("hash") != current.body["hash"]:
        raise SlackError("hash_conflict")
    return {"view": views.publish_home(call.core, call.bot, user.id, body).body}


def _find(call: Call) -> View:
    view_id, external = call.text("view_id"), call.text("external_id")
    if not view_id and not external:
        raise SlackError("invalid_arguments")
    stacks = [*call.workspace.modals.values(), list(call.workspace.homes.values())]
    for view in (one for stack in stacks for one in stack):
        named = view.id == view_id if view_id else view.body.get("external_id") == external
        if named and view.app_id == call.bot.app_id and view.team_id == call.bot.team_id:
            return view
    raise SlackError("not_found")
