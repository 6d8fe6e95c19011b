"""Answer who a token is, and open Socket Mode connections."""

from sandbox.methods.registry import Call, method
from sandbox.world.in_flight import SlackError
from sandbox.world.workspace import Json


@method("api.test")
def api_test(call: Call) -> Json:
    """Return the arguments, or the error that was asked for."""
    if call.text("error"):
        raise SlackError(call.text("error"))
    return {"args": call.args}


@method("auth.test")
def auth_test(call: Call) -> Json:
    """Say which bot of which team a token belongs to."""
    team = call.workspace.teams[call.bot.team_id]
    return {
        "url": f"{call.core.world.base_url}/",
        "team": team.name,
        "user": call.workspace.users[call.bot.bot_user_id].name,
        "team_id": team.id,
        "user_id": call.bot.bot_user_id,
        "bot_id": call.bot.bot_id,
        "is_enterprise_install": False,
    }


@method("apps.connections.open", app_level=True)
def connections_open(call: Call) -> Json:
    """Give an address for one Socket Mode connection."""
    return {"url": call.core.courier.sockets.url_for(call.caller)}


@method("team.info", "team:read")
def team_info(call: Call) -> Json:
    """Describe the team of the token."""
    wanted = call.text("team", call.bot.team_id)
    team = call.workspace.teams.get(wanted)
    if team is None:
        raise SlackError("team_not_found")
    return {
        "team": {
            "id": team.id,
            "name": team.name,
            "domain": team.domain,
            "email_domain": f"{team.domain}.example",
            "icon": {"image_default": True},
        }
    }


@method("bots.info", "users:read")
def bots_info(call: Call) -> Json:
    """Describe a bot by its bot id."""
    wanted = call.text("bot", call.bot.bot_id)
    install = next((one for one in call.workspace.installations if one.bot_id == wanted), None)
    if install is None or not call.knows(call.workspace.users[install.bot_user_id]):
        raise SlackError("bot_not_found")
    return {
        "bot": {
            "id": install.bot_id,
            "deleted": install.revoked,
            "name": call.workspace.apps[install.app_id].name,
            "updated": 0,
            "app_id": install.app_id,
            "user_id": install.bot_user_id,
            "icons": {},
        }
    }
