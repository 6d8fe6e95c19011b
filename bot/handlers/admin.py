"""Set the workspace up: who may do what, who reports to whom, currency and time zone."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.grammar import Args, did_you_mean
from bot.grammar.reading import is_rest
from bot.grammar.types import PERSON
from bot.kit import blocks as b
from bot.kit.format import paragraphs, undo_hint
from bot.kit.replies import Home, Message, Modal
from bot.plugin import Catalogue, Member, Plugin, Role, Slack, _, ngettext
from storage.errors import Invalid
from storage.records import history
from storage.records.history import ownership
from storage.support import channels, ratings
from storage.support.channels import ChannelLink, Grouping
from storage.workspace import members, workspaces
from storage.workspace.workspaces import Workspace

plugin = Plugin(
    "admin", contract=2, title="Set-up", description="Roles, managers, currency and time zone of the workspace."
)

NOBODY = frozenset({"none", "nobody", "-"})
VERBS = frozenset({"add", "give", "grant", "set", "remove", "revoke", "take"})
"""What people write before the person whose roles they mean."""
ON, OFF = "on", "off"


def _ask_about(args: Args, slack: Slack) -> dict[str, Mapping[str, Any]]:
    """Return what Slack says of the person and, if one is named, of the manager, by their ids."""
    named = (_named(args, "person"), _named(args, "manager"))
    return {user_id: slack.user(user_id) for user_id in named if user_id}


def _named(args: Args, key: str) -> str | None:
    """Return the id of the person who is mentioned or "me", None where none is or a name has to be looked up."""
    said = args.values.get(key)
    found = PERSON.read(said, args.writer) if said else None
    return found.value if found and said and is_rest(said.text[found.end :]) else None


def _member(session: Session, args: Args, key: str, met: Mapping[str, Member]) -> Member:
    """Return the person a key names, by mention or by name; raise NotFound or Ambiguous."""
    user_id = _named(args, key)
    return met[user_id] if user_id else members.called(session, args[key])


@plugin.command(
    "role",
    usage="[person] [roles] [manager:@mara]",
    role=Role.ADMIN,
    example="@rita rep agent manager:@mara",
    before=_ask_about,
)
def role(args: Args, found: Mapping[str, Mapping[str, Any]], session: Session) -> Message:
    """List the roles of all, or set someone's (viewer, rep, agent, manager, admin, or none) and their manager."""
    if "person" not in args:
        return _everybody(session)
    with history.apart(session):
        met = {user_id: members.ensure(session, user_id, profile) for user_id, profile in found.items()}
    if args["person"].casefold() in VERBS:
        example = "`/crm role @rita +manager`, or -manager to take it back"
        raise Invalid("Name the person first.", field="person", hint="Write {example}.", example=example)
    member = _member(session, args, "person", met)
    manager = None
    if "manager" in args and args["manager"].casefold() not in NOBODY:
        manager = _member(session, args, "manager", met)
    words = args.text.casefold().replace(",", " ").split() if "roles" in args else []
    if words:
        members.set_roles(session, member, _changed_roles(member, words))
    if "manager" in args:
        members.set_manager(session, member, manager)
    text = b.markup(
        _("{who} has: *{roles}*.") if not words else _("{who} now has: *{roles}*."),
        who=b.person(member.id),
        roles=_roles(member),
    )
    if member.manager_id:
        text = b.join([text, _reports(member)], " ")
    return Message(text, [b.section(text), *([undo_hint()] if words or "manager" in args else [])])


def _everybody(session: Session) -> Message:
    """List your own people with their roles and managers."""
    found = members.staff(session)
    lines = [
        b.join([b.markup("• {who}: *{roles}*", who=b.person(one.id), roles=_roles(one)), _reports(one)], "  ")
        for one in found
    ]
    title = b.markup(_("*Roles*: {count}"), count=len(found))
    hint = b.context(_("Change: `/crm role @rita rep agent manager:@mara`."))
    return Message(title, [b.section(title), *paragraphs(lines), hint])


def _roles(member: Member) -> str:
    return ", ".join(member.roles) or _("no role")


def _reports(member: Member) -> b.Text:
    return b.markup(_("Reports to {manager}."), manager=b.person(member.manager_id)) if member.manager_id else ""


def _changed_roles(member: Member, words: Sequence[str]) -> list[Role]:
    """Return the roles that words name: `+rep` and `-rep` change those there are, words without a sign replace them."""
    if NOBODY.issuperset(words):
        return []
    if not all(word[0] in "+-" for word in words):
        return [_role(word) for word in words]
    signed = {_role(word[1:]): word[0] == "+" for word in words}
    return [role for role in Role if signed.get(role, role in member.roles)]


def _role(word: str) -> Role:
    try:
        return Role(word)
    except ValueError:
        near = did_you_mean(word, list(Role))
        raise Invalid(
            "There is no role “{word}”.",
            word=word,
            field="roles",
            hint="Did you mean {near}?" if near else "Roles are viewer, rep, agent, manager and admin.",
            near=near or "",
        ) from None


TEMPLATES = "templates.show"
"""The button that shows set-ups to begin with."""
ALL = "setup.all"
"""The button that shows every part of the set-up, as the Home does."""


@plugin.command(
    "setup",
    usage="[currency:EUR] [zone:Europe/Berlin] [locale:en-US] [roles:rep,agent]",
    role=Role.ADMIN,
    example="currency:EUR zone:Europe/Berlin",
)
def setup(args: Args, session: Session, workspace: Workspace) -> Message:
    """Show or change the workspace's currency, time zone, language, and the roles new colleagues get."""
    roles = args.get("roles")
    changed = any(key in args for key in ("currency", "zone", "locale", "roles"))
    if changed:
        workspace = workspaces.setup(
            session,
            currency=args.get("currency"),
            zone=args.get("zone"),
            locale=args.get("locale"),
            default_roles=[_role(word) for word in roles.replace(",", " ").casefold().split()] if roles else None,
        )
    triage = channels.triage(session)
    facts = {
        _("Currency"): workspace.currency,
        _("Time zone"): workspace.zone,
        _("Language"): workspace.locale,
        _("New colleagues get"): ", ".join(workspace.default_roles),
        _("Alerts go to"): b.channel(triage) if triage else _("nowhere yet"),
        _("Customers are asked"): _asked(session),
    }
    hint = _("Change: `/crm setup currency:EUR zone:Europe/Berlin`. Alerts: `/crm triage #support`.")
    title = _("Saved.") if changed else _("The workspace's settings")
    buttons = b.actions(b.button(_("All settings"), ALL), b.button(_("Begin with a template"), TEMPLATES))
    return Message(title, [b.header(title), *b.facts(facts), *_channels(session), b.context(hint), buttons])


EVERYONE: Mapping[str, str | None] = dict.fromkeys(("everyone", "all", "anyone", "everybody"))
WHO: Mapping[str, str | None] = {
    **EVERYONE,
    **dict.fromkeys(("owner", "owners", "owner and managers"), ownership.OWNER),
    **dict.fromkeys(("ask", "ask first", "asking"), ownership.ASK),
}
"""What people type for who may change a noun's records, and how that is stored."""


@plugin.command("rights", usage="[noun] [who]", role=Role.ADMIN, example="deal owner")
def rights(args: Args, session: Session, catalogue: Catalogue) -> Message:
    """Decide who changes records of a noun: everyone, its owner and managers, or who asks the owner first."""
    owned = {key: one.declaration for key, one in catalogue.nouns.items() if one.declaration.model.__owner__}
    changed = False
    if "noun" in args:
        noun = args["noun"].casefold()
        if noun not in owned:
            raise Invalid(
                "There is nothing to decide for “{noun}”.",
                field="noun",
                noun=noun,
                hint="Choose one of: {nouns}.",
                nouns=", ".join(owned),
            )
        who = (args.get("who") or "").casefold()
        if who not in WHO:
            raise Invalid("Who may change it?", field="who", typed=who, hint="Write everyone, owner, or ask.")
        changed = ownership.who_changes(session, noun) != WHO[who]
        ownership.let_change(session, noun, WHO[who])
    lines = [
        b.markup("• {noun}: *{who}*", noun=_(one.label), who=_who(ownership.who_changes(session, key)))
        for key, one in owned.items()
    ]
    title = b.markup("*{title}*", title=_("Who may change records"))
    hint = b.context(_("Change: `/crm rights deal owner`, `/crm rights deal ask`, or everyone."))
    return Message(title, [b.section(b.join([title, *lines])), hint, *([undo_hint()] if changed else [])])


def _who(stored: str | None) -> str:
    words = {
        ownership.OWNER: _("its owner and managers"),
        ownership.ASK: _("its owner, managers, and who asks the owner first"),
    }
    return words.get(stored or "", _("everyone with the role"))


@plugin.view("settings", title="Settings", role=Role.ADMIN)
def settings(session: Session, workspace: Workspace) -> Modal:
    """Open the form for the workspace's settings."""
    asked = ON if ratings.are_asked(session) else OFF
    return Modal(
        _("Settings"),
        [
            b.text_input("currency", _("Currency"), initial=workspace.currency, placeholder="EUR"),
            b.text_input("zone", _("Time zone"), initial=workspace.zone, placeholder="Europe/Berlin"),
            b.text_input("locale", _("Language"), initial=workspace.locale, placeholder="en-US"),
            b.text_input("roles", _("New colleagues get"), initial=", ".join(workspace.default_roles)),
            b.choice_input(
                "ratings",
                _("Ask customers how they were served, once their ticket is resolved"),
                [b.Option(_("No"), OFF), b.Option(_("Yes"), ON)],
                initial=asked,
            ),
        ],
        submit=_("Save"),
    )


@settings.submit
def save_settings(values: Mapping[str, str], session: Session) -> Home:
    """Save the workspace's settings and draw the Home with them."""
    words = values["roles"].replace(",", " ").casefold().split()
    currency, zone, locale = (values[key].strip() for key in ("currency", "zone", "locale"))
    roles = [_role(word) for word in words]
    workspaces.setup(session, currency=currency, zone=zone, locale=locale, default_roles=roles)
    if values["ratings"] not in {ON, OFF}:
        raise Invalid("Choose one of those that are offered.", field="ratings")
    ratings.decide(session, asked=values["ratings"] == ON)
    return Home(_("Saved."))


plugin.button_opens("settings", settings)


def _asked(session: Session) -> str:
    """Say whether customers are asked how they were served."""
    return _("how they were served") if ratings.are_asked(session) else _("nothing")


def _channels(session: Session) -> list[Block]:
    title = b.markup("*{title}*", title=_("Channels where customers write"))
    lines = [_channel(link) for link in channels.links(session)]
    return paragraphs([title, *lines]) if lines else []


def _channel(link: ChannelLink) -> b.Markup:
    use = b.markup("*{name}*", name=link.customer.name) if link.customer is not None else b.esc(_("an inbox"))
    grouping = (
        ngettext("by {grouping} of {minutes} minute", "by {grouping} of {minutes} minutes", link.window_minutes)
        if link.groups_by is Grouping.WINDOW
        else _("by {grouping}")
    )
    parts = [use, b.markup(grouping, grouping=link.groups_by, minutes=link.window_minutes)]
    if link.cards_channel_id:
        parts.append(b.markup(_("cards in {channel}"), channel=b.channel(link.cards_channel_id)))
    return b.join([b.markup("• {channel}: ", channel=b.channel(link.channel_id)), b.join(parts, ", ")], "")
