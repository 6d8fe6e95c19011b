"""Set the workspace up: who may do what, who reports to whom, currency and time zone."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot import blocks as b
from bot.grammar import Args
from bot.plugin import Member, Plugin, Role, Slack, _
from bot.replies import Message
from storage import members, workspaces
from storage.errors import Invalid, NotFound
from storage.workspaces import Workspace

plugin = Plugin("admin", title="Set-up", description="Roles, managers, currency and time zone of the workspace.")


def _ask_about(args: Args, actor: Member, slack: Slack) -> tuple[str, dict[str, object]]:
    user_id = args.user("person", me=actor.id)
    assert user_id is not None
    return user_id, dict(slack.user(user_id))


@plugin.command(
    "role", usage="<person> <roles> [manager:@mara]", role=Role.ADMIN, example="@rita manager", before=_ask_about
)
def role(args: Args, session: Session, found: tuple[str, dict[str, object]]) -> Message:
    """Give someone a role: viewer, rep, agent, manager or admin; several are separated by spaces, none by “none”."""
    member = members.ensure(session, *found)
    words = args.text.casefold().replace(",", " ").split()
    members.set_roles(session, member, [] if words == ["none"] else [_role(word) for word in words])
    if "manager" in args:
        manager = members.get(session, args.user("manager", me="") or "")
        if manager is None:
            raise NotFound("I have not met that manager yet.", hint="They have to use Rapport once.", field="manager")
        members.set_manager(session, member, manager)
    roles = ", ".join(member.roles) or _("no role")
    return Message(b.markup(_("{who} now has: *{roles}*."), who=b.person(member.id), roles=roles))


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        raise Invalid(
            "There is no role “{word}”.",
            word=word,
            field="roles",
            hint="Roles are viewer, rep, agent, manager and admin.",
        ) from None


@plugin.command(
    "setup",
    usage="[currency:EUR] [zone:Europe/Berlin] [locale:en-US] [roles:rep,agent]",
    role=Role.ADMIN,
    example="currency:EUR zone:Europe/Berlin",
)
def setup(args: Args, session: Session, workspace: Workspace) -> Message:
    """Show or change the workspace's currency, time zone, language, and the roles new colleagues get."""
    roles = args.get("roles")
    if any(key in args for key in ("currency", "zone", "locale", "roles")):
        workspace = workspaces.setup(
            session,
            currency=args.get("currency"),
            zone=args.get("zone"),
            locale=args.get("locale"),
            default_roles=[_role(word) for word in roles.replace(",", " ").casefold().split()] if roles else None,
        )
    shown = {
        _("Currency"): workspace.currency,
        _("Time zone"): workspace.zone,
        _("Language"): workspace.locale,
        _("New colleagues get"): ", ".join(workspace.default_roles),
        _("Alerts go to"): b.channel(workspace.triage_channel_id) if workspace.triage_channel_id else _("nowhere yet"),
    }
    hint = _("Change: `/crm setup currency:EUR zone:Europe/Berlin`. Alerts: `/crm triage #support`.")
    return Message(_("The workspace's settings"), [b.header(_("Set-up")), b.facts(shown), b.context(hint)])
