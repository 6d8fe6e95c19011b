"""Do to a sandbox what no person in it could: install, grant, rename, cut sockets."""

from collections.abc import Awaitable, Callable
from dataclasses import asdict

from sandbox.seed import sow
from sandbox.wire.core import Core
from sandbox.world.workspace import Json, User


async def seed(core: Core, args: Json) -> Json:
    """Add what a seed describes (`sandbox.seed`)."""
    sow(core.world.workspace, args["seed"])
    return {}


async def app(core: Core, args: Json) -> Json:
    """Set an app's request_url (empty: Socket Mode), manifest, name or signing_secret."""
    one = core.world.workspace.apps[args["app_id"]]
    for name in ("request_url", "manifest", "name", "signing_secret"):
        if name in args:
            setattr(one, name, args[name])
    core.world.workspace.changes.bump()
    return {"app": asdict(one), "sockets": core.courier.sockets.count(one.id)}


async def user_joins(core: Core, args: Json) -> Json:
    """Add a person to a team, which the apps are told (`team_join`) unless `told` is false."""
    user = User(**args["user"])
    core.membership.arrive(user, told=bool(args.get("told", True)))
    return {"user": asdict(user)}


async def user_changes(core: Core, args: Json) -> Json:
    """Change a person's fields, which the apps are told (`user_change`) unless `told` is false."""
    user = core.world.workspace.users[args["user"]]
    core.membership.change_user(user, told=bool(args.get("told", True)), **args["fields"])
    return {"user": asdict(user)}


async def user_vanishes(core: Core, args: Json) -> Json:
    """Remove a person so that nobody knows them any more; Slack tells nobody."""
    core.membership.vanish(core.world.workspace.users[args["user"]])
    return {}


async def channel_renames(core: Core, args: Json) -> Json:
    """Give a channel another name, which the apps are told (`channel_rename`)."""
    core.membership.rename(core.world.workspace.channels[args["channel"]], args["name"])
    return {}


async def archives(core: Core, args: Json) -> Json:
    """Archive a channel, or with `archived` false bring it back."""
    core.world.workspace.channels[args["channel"]].is_archived = bool(args.get("archived", True))
    core.world.workspace.changes.bump()
    return {}


async def shares(core: Core, args: Json) -> Json:
    """Share a channel with the organisation `team`, which the apps are told (`channel_shared`) unless `told` is false.

    `how` is connected, or what Slack tells no app of: invited (not accepted yet), sibling (of the same enterprise).
    """
    channel = core.world.workspace.channels[args["channel"]]
    core.sharing.share(channel, args["team"], args.get("how", "connected"), told=bool(args.get("told", True)))
    return {"channel": asdict(channel)}


async def unshares(core: Core, args: Json) -> Json:
    """End the sharing with `team`, which the apps are told (`channel_unshared`) unless `told` is false."""
    channel = core.world.workspace.channels[args["channel"]]
    core.sharing.unshare(channel, args["team"], told=bool(args.get("told", True)))
    return {"channel": asdict(channel)}


async def uninstalls(core: Core, args: Json) -> Json:
    """Remove an app from a team (`tokens_revoked`, `app_uninstalled`); a later seed may install it again."""
    core.membership.uninstall(args["app_id"], args["team"])
    return {}


async def authorizes(core: Core, args: Json) -> Json:
    """Agree, as a person, that an app is installed in their team, and return the code that their browser brings it."""
    redirect_uri = str(args.get("redirect_uri", ""))
    return {"code": core.world.new_code(args["app_id"], args["team"], args["user"], redirect_uri)}


async def grants(core: Core, args: Json) -> Json:
    """Set the scopes of an installation, None for all."""
    install = core.world.workspace.installation(args["app_id"], args["team"])
    if install is None:
        raise ValueError("that app is not installed there")
    install.scopes = args["scopes"]
    return {"installation": asdict(install)}


async def disconnects(core: Core, args: Json) -> Json:
    """Send a disconnect message to an app's sockets (none when `reason` is empty) and close them unless told not to.

    `after` is for how many seconds they stay open; Slack takes about ten.
    """
    closed = await core.courier.sockets.disconnect(
        args["app_id"],
        args.get("reason", "refresh_requested"),
        bool(args.get("close", True)),
        float(args.get("after", 0)),
    )
    return {"sockets": closed}


async def cuts(core: Core, args: Json) -> Json:
    """Cut the connections of an app's sockets, or with `freeze` leave them open and deaf."""
    addresses = core.courier.sockets.addresses(args["app_id"])
    for address in addresses:
        (core.freeze_connection if args.get("freeze") else core.cut_connection)(address)
    return {"sockets": len(addresses)}


async def reinstalls(core: Core, args: Json) -> Json:
    """Install an app again that was removed from a team, with its old token or the new `fields` of its installation."""
    install = next(
        one for one in core.world.workspace.installations if (one.app_id, one.team_id) == (args["app_id"], args["team"])
    )
    for name, value in (args.get("fields") or {}).items():
        setattr(install, name, value)
    install.revoked = False
    core.world.workspace.changes.bump()
    return {"installation": asdict(install)}


async def silences(core: Core, args: Json) -> Json:
    """Let the sockets stay open and carry nothing, or carry again."""
    core.courier.sockets.silent = bool(args.get("silent", True))
    return {}


VERBS: dict[str, Callable[[Core, Json], Awaitable[Json]]] = {
    verb.__name__: verb
    for verb in (
        seed,
        app,
        user_joins,
        user_changes,
        user_vanishes,
        channel_renames,
        archives,
        shares,
        unshares,
        uninstalls,
        authorizes,
        grants,
        disconnects,
        cuts,
        reinstalls,
        silences,
    )
}
