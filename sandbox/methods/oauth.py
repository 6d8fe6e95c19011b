"""Exchange the code of an installation by OAuth for the bot's token."""

from sandbox.methods.registry import Call, method
from sandbox.world.in_flight import SlackError
from sandbox.world.workspace import Json


@method("oauth.v2.access")
def oauth_access(call: Call) -> Json:
    """Give the token for a code, once; `admin.authorizes` makes codes.

    With the setting `whole_organisation` somebody agreed for all workspaces of an Enterprise Grid.
    """
    one = call.core.world.codes.pop(call.text("code"), None)
    if one is None or call.core.world.clock.now() > one.expires:
        raise SlackError("invalid_code")
    app = call.workspace.apps[one.app_id]
    if call.text("client_id") != app.client_id:
        raise SlackError("invalid_client_id")
    if call.text("client_secret") != app.client_secret:
        raise SlackError("bad_client_secret")
    if one.redirect_uri and call.text("redirect_uri") != one.redirect_uri:
        raise SlackError("bad_redirect_uri")
    install = next(
        found for found in call.workspace.installations if (found.app_id, found.team_id) == (one.app_id, one.team_id)
    )
    install.revoked = False
    call.workspace.changes.bump()
    whole = call.core.world.settings.whole_organisation
    return {
        "app_id": app.id,
        "authed_user": {"id": one.user_id},
        "scope": ",".join(install.scopes or ["chat:write", "commands"]),
        "token_type": "bot",
        "access_token": install.bot_token,
        "bot_user_id": install.bot_user_id,
        "team": None if whole else {"id": one.team_id, "name": call.workspace.teams[one.team_id].name},
        "enterprise": {"id": "E1", "name": "Northwind Group"} if whole else None,
        "is_enterprise_install": whole,
    }
