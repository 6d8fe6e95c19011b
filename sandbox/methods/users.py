"""Answer users.*: who is here."""

from sandbox.methods.registry import Call, method
from sandbox.world.paging import page
from sandbox.world.shapes import user_object
from sandbox.world.workspace import Json


@method("users.info", "users:read")
def info(call: Call) -> Json:
    """Describe one person; the e-mail address needs a scope of its own."""
    return {"user": _visible(call, user_object(call.user(), call.bot.team_id, call.flag("include_locale")))}


@method("users.list", "users:read")
def list_users(call: Call) -> Json:
    """List the people of the team and the strangers it shares channels with."""
    known = [user for user in call.workspace.users.values() if call.knows(user)]
    chosen, cursor = page(known, call.number("limit", 1000, 1000), call.text("cursor"))
    shapes = [_visible(call, user_object(one, call.bot.team_id, call.flag("include_locale"))) for one in chosen]
    return {"members": shapes, "cache_ts": 0, "response_metadata": {"next_cursor": cursor}}


def _visible(call: Call, shape: Json) -> Json:
    if call.bot.scopes is not None and "users:read.email" not in call.bot.scopes:
        shape["profile"].pop("email", None)
    return shape
