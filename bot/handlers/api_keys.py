"""Make, list and revoke the keys by which programs use the workspace."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, time, timedelta
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.types import DAY, PERSON
from bot.kit import blocks as b
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message
from bot.plugin import Catalogue, Member, Plugin, Role, _
from storage.errors import Invalid, NotFound
from storage.names import short
from storage.records import history
from storage.workspace import api_keys, members
from storage.workspace.api_keys import ANY, ApiKey, Verb

plugin = Plugin(
    "api_keys", contract=2, title="API keys", description="Let programs and agents use the workspace, within limits."
)

KEPT = timedelta(days=90)
READS = "read"
TYPES: Mapping[str, Any] = {"as": PERSON, "until": DAY}


@plugin.command("api-key", role=Role.ADMIN)
def shown(session: Session, reader: Reader, catalogue: Catalogue) -> Message:
    """List the API keys: what each may do, as whom, until when, and when it was last used."""
    found = api_keys.listed(session)
    title = b.markup(_("*API keys*: {count}"), count=len(found))
    hint = b.context(_("Make one: `/crm api-key add Billing role:rep can:read,customer:add until:december`."))
    return Message(title, [b.section(title), *paragraphs([_line(key, reader, catalogue) for key in found]), hint])


@plugin.command(
    "api-key add",
    usage="<name> [role:rep] [as:@rita] [can:read,customer:add] [until:december]",
    role=Role.ADMIN,
    example="Billing role:rep can:read,customer:add",
    **TYPES,
)
def add(args: Args, session: Session, actor: Member, reader: Reader, now: datetime, catalogue: Catalogue) -> Message:
    """Make an API key that acts as a person or with a role; its secret is shown once."""
    scopes = api_keys.check_scopes(args.get("can") or READS, tuple(catalogue.nouns))
    member = _member(session, args)
    key, secret = api_keys.make(
        session,
        name=args["name"],
        scopes=scopes,
        expires_at=_expires(args, reader, now),
        member=member,
        role=None if member else _role(args, scopes),
        created_by=actor.id,
    )
    history.record(session, "api_key", key.id, "made", after={"name": key.name, "scopes": key.scopes})
    title = b.markup(
        _("Here is the key *{name}*. It is shown only now, so keep it: `{secret}`"), name=key.name, secret=secret
    )
    hint = b.context(_("Whoever has it can do this. Take it back: `/crm api-key revoke <name>`."))
    return Message(title, [b.section(title), b.section(_line(key, reader, catalogue)), hint], once=True)


@plugin.command("api-key revoke", usage="<name>", role=Role.ADMIN, example="Billing")
def revoke(args: Args, session: Session, now: datetime) -> Message:
    """Take an API key back, at once and for good."""
    key = api_keys.called(session, args.text)
    api_keys.revoke(session, key, now)
    history.record(session, "api_key", key.id, "revoked", before={"name": key.name, "scopes": key.scopes})
    text = b.markup(_("The key *{name}* opens nothing any more. What it changed stays."), name=key.name)
    return Message(text)


def _line(key: ApiKey, reader: Reader, catalogue: Catalogue) -> b.Markup:
    parts = [
        b.markup(_("acts as {who}"), who=b.person(key.member_id))
        if key.member_id
        else b.markup(_("acts with the role {role}"), role=key.role),
        b.markup(_("may {scopes}"), scopes=", ".join(_scope(one, catalogue) for one in key.scopes)),
        b.markup(
            _("until {day}") if key.is_good(reader.now) else _("expired on {day}"),
            day=reader.day(key.expires_at.astimezone(reader.zone).date()),
        ),
        b.markup(_("last used {ago}"), ago=reader.ago(key.last_used_at))
        if key.last_used_at
        else b.esc(_("never used")),
    ]
    return b.markup("• *{name}* (…{hint}): {rest}", name=key.name, hint=key.hint, rest=b.join(parts, ", "))


def _member(session: Session, args: Args) -> Member | None:
    user_id = args.user("as")
    if user_id is None:
        return None
    if "role" in args:
        raise Invalid("A key acts as a person or with a role, not both.", field="role")
    member = members.get(session, user_id)
    if member is None:
        raise NotFound("I do not know this person yet.", field="as", hint="They must use Rapport once first.")
    return member


def _role(args: Args, scopes: list[str]) -> Role:
    typed = args.get("role")
    if typed is None:
        if any(not scope.endswith(f":{Verb.READ}") for scope in scopes):
            raise Invalid("A key that changes something acts as a person or with a role: write role:rep or as:@rita.")
        return Role.VIEWER
    try:
        return Role(typed.strip().casefold())
    except ValueError:
        hint = "Roles are viewer, rep, agent, manager and admin."
        raise Invalid("There is no role “{word}”.", field="role", hint=hint, typed=typed, word=short(typed)) from None


def _expires(args: Args, reader: Reader, now: datetime) -> datetime:
    day = args.date("until")
    if day is None:
        return now + KEPT
    ends = datetime.combine(day + timedelta(days=1), time(), reader.zone)
    if ends <= now:
        raise Invalid("This day has passed.", field="until")
    return ends


def _scope(scope: str, catalogue: Catalogue) -> str:
    """Say what a scope lets a program do: `customer:add` is "add customers"."""
    key, _colon, verb = scope.partition(":")
    noun = catalogue.nouns.get(key)
    says: Mapping[str, str] = {
        Verb.READ: _("read {nouns}"),
        Verb.ADD: _("add {nouns}"),
        Verb.CHANGE: _("change {nouns}"),
        Verb.ARCHIVE: _("archive {nouns}"),
        Verb.MERGE: _("merge {nouns}"),
        Verb.NOTE: _("write notes about {nouns}"),
    }
    every = key if key != ANY else _("all records")
    nouns = _(noun.declaration.plural).casefold() if noun else every
    return says.get(verb, _("do everything with {nouns}")).format(nouns=nouns)
