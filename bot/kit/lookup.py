"""Find whom and what people name in commands and forms; the errors say which field it was and what to do next."""

from __future__ import annotations

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.grammar.entities import EntityKind, NameOf
from bot.grammar.types import COLLEAGUE, Called
from bot.i18n import _
from storage.crm import customers
from storage.crm.customers import Customer
from storage.errors import CrmError, Invalid, NotFound, Refused
from storage.records import schema
from storage.records.about import Subject
from storage.records.fields import PersonField
from storage.support import channels
from storage.workspace import members
from storage.workspace.members import Member, Role


def customer_called(session: Session, typed: str) -> Customer:
    """Return the customer a person means; the error says how to add one that is not there."""
    try:
        return customers.resolve(session, typed)
    except NotFound as error:
        error.hint = error.hint or (None if error.candidates else "Add it with `/customer add`.")
        raise error.on_field("customer") from None
    except CrmError as error:
        raise error.on_field("customer") from None


def check_writes(session: Session, record: Subject, actor: Member) -> None:
    """Raise Refused where somebody may not write on a record, whichever button does it."""
    role = schema.of(session).declared[record.__noun__].change
    if not actor.has(role):
        raise Refused(
            "This needs the role {role}.", role=role.value, hint="An admin can give it to you with `/crm role`."
        )


def colleague(session: Session, member_id: str, *, field: str, role: Role, had: str | None = None) -> str:
    """Return the id of one of our own people who may act in a role; raise Invalid for anybody else.

    Whoever has it already, `had`, may keep it whatever they may do now.
    """
    if member_id == had:
        return member_id
    return PersonField(key=field, label="", role=role).checked(session, member_id)


def person_named(args: Args, key: str, session: Session) -> str | None:
    """Return the id of the person whom a value mentions, or the one of our own of that name; None where left out."""
    found = args.typed(key, COLLEAGUE)
    try:
        return members.called(session, found.name).id if isinstance(found, Called) else found
    except CrmError as error:
        raise error.on_field(key) from None


def gone_and_kept(args: Args, place: str) -> tuple[str, str]:
    """Return the two records that a merge names, as `T-84 into T-83` or with the key `into`; raise Invalid for one."""
    gone, kept = args[place], args.get("into")
    if kept is None:
        gone, _word, kept = gone.partition(" into ")
    if not kept.strip():
        one, _space, other = gone.strip().partition(" ")
        hint = "Name both, with “into” between them."
        if other and " " not in other:
            hint = "Did you mean `{one} into {other}`?"
        raise Invalid("Into which {noun}?", field="into", hint=hint, noun=place, one=one, other=other)
    return gone, kept


def checked_number(value: object) -> int:
    """Return a record's number that came from a button; raise ValueError for what is none."""
    if not isinstance(value, int) or isinstance(value, bool) or not 0 < value < 2**63:
        raise ValueError("this is no record's number")
    return value


def mentioned(session: Session) -> NameOf:
    """Return what tells the names of people, channels and groups; of the unknown it says what they are."""

    def name_of(kind: EntityKind, identity: str) -> str:
        if kind is EntityKind.USER:
            member = members.get(session, identity)
            return (member.name if member else None) or _("somebody")
        if kind is EntityKind.CHANNEL:
            channel = channels.get(session, identity)
            return (channel.name if channel else None) or _("channel")
        # Slack tells a group's name with its mention, if at all.
        return _("group") if kind is EntityKind.GROUP else identity

    return name_of
