"""Say who may change the records of a noun, and let people ask the owner first where the workspace wants that."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.handlers.records.declaration import plugin
from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.replies import Message
from bot.plugin import Catalogue, DeclaredNoun, Member, Notice, Role, _
from storage.errors import Conflict, NotFound, Refused
from storage.names import check_note
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import history
from storage.records.history import ownership
from storage.workspace import permissions

WHY_SHOWN = 500
ASKED, ALLOWED, REFUSED = "asked", "allowed", "refused"
"""What the history of records says of who may change them."""


def changed_by(actor: Member, catalogue: Catalogue, reference: str) -> DeclaredNoun:
    """Return the noun of a reference if somebody may change its records; raise Refused if they may not."""
    noun = catalogue.noun_of(reference)
    check_changes(actor, noun)
    return noun


def check_changes(actor: Member, noun: DeclaredNoun) -> None:
    """Raise Refused where somebody may not change the records of a noun."""
    role = noun.declaration.change
    if not actor.has(role):
        raise Refused(
            "This needs the role {role}.", role=role.value, hint="An admin can give it to you with `/crm role`."
        )


@plugin.command("ask", usage="<record> [why]", role=Role.VIEWER, example="D-88 the customer called me")
def ask(args: Args, session: Session, actor: Member, now: datetime, catalogue: Catalogue) -> Message:
    """Ask the owner of a record whether you may change it, where the workspace wants you to ask first."""
    try:
        noun = catalogue.noun_of(args["record"])
    except NotFound:
        hint = "Write its reference, for example D-88."
        raise NotFound("“{word}” is no record.", word=args["record"], field="record", hint=hint) from None
    check_changes(actor, noun)
    record: Any = noun.declaration.resolve(session, args["record"])
    owner_id = getattr(record, record.__owner__) if record.__owner__ else None
    asks = ownership.who_changes(session, noun.declaration.key) == ownership.ASK
    if not asks or owner_id in {None, actor.id} or actor.has(Role.MANAGER):
        raise Conflict("You need not ask: you may change {reference}.", reference=record.reference)
    why = args.get("why")
    asked = permissions.ask(session, record.__noun__, record.id, actor.id, check_note(why) if why else None, now)
    history.record(session, record.__noun__, record.id, ASKED)
    outbox.enqueue(
        session,
        target_user=str(owner_id),
        renderer=plugin.id("permission"),
        record=record.reference,
        payload={"permission": asked.id},
    )
    text = b.markup(_("Asked {who} about {ref}."), who=b.person(str(owner_id)), ref=record.reference)
    return Message(text, [b.section(text), b.context(_("You are told as soon as they have decided."))])


@plugin.renderer("permission", kind=Notice.YOURS)
def permission(delivery: Delivery, session: Session, catalogue: Catalogue) -> Message | None:
    """Ask the owner whether somebody may change a record, or tell who asked; None where the record is gone."""
    asked = permissions.get(session, int(delivery.payload["permission"]))
    if asked is None:
        return None
    record: Any = catalogue.noun_of(delivery.record or "").declaration.resolve(session, delivery.record or "")
    who, by = b.person(asked.member_id), b.person(asked.decided_by) if asked.decided_by else ""
    about = {"ref": record.reference, "name": record.name, "who": who, "by": by}
    show = b.button(_("Show"), cards.SHOW, cards.control(record))
    if delivery.target_user == asked.member_id:
        told = _("{by} allows you to change {ref} *{name}* until this time tomorrow.")
        text = b.markup(told if asked.allowed_until else _("{by} would rather change {ref} *{name}* alone."), **about)
        return Message(text, [b.section(text, accessory=show)])
    text = b.markup(_("{who} asks to change your {ref} *{name}*."), **about)
    blocks = [b.section(text, accessory=show)]
    if asked.why:
        blocks.append(b.section(b.markup(">{why}", why=b.cut(" ".join(asked.why.split()), WHY_SHOWN))))
    if asked.decided_at is not None:
        done = _("{by} allowed it for a day.") if asked.allowed_until else _("{by} refused it.")
        return Message(text, [*blocks, b.context(b.markup(done, by=by))])
    control = b.Control(record.reference, detail=str(asked.id))
    allow = b.button(_("Allow for a day"), plugin.id("allow"), control, style="primary")
    return Message(text, [*blocks, b.actions(allow, b.button(_("Refuse"), plugin.id("refuse"), control))])


@plugin.action("allow", role=Role.VIEWER)
def allow(control: b.Control, session: Session, actor: Member, now: datetime, catalogue: Catalogue) -> Message:
    """Let who asked change the record for a day."""
    return _decide(control, session, actor, now, catalogue, allowed=True)


@plugin.action("refuse", role=Role.VIEWER)
def refuse(control: b.Control, session: Session, actor: Member, now: datetime, catalogue: Catalogue) -> Message:
    """Leave the record to its owner."""
    return _decide(control, session, actor, now, catalogue, allowed=False)


def _decide(
    control: b.Control, session: Session, actor: Member, now: datetime, catalogue: Catalogue, *, allowed: bool
) -> Message:
    record: Any = catalogue.noun_of(control.record).declaration.resolve(session, control.record)
    owner_id = getattr(record, record.__owner__) if record.__owner__ else None
    if actor.id != owner_id and not actor.has(Role.MANAGER):
        raise Refused("Only the owner of {reference} or a manager decides this.", reference=record.reference)
    asked = permissions.decide(session, control.number, by=actor.id, allowed=allowed, now=now)
    if (asked.noun, asked.record_id) != (record.__noun__, record.id):
        raise NotFound("Nobody asks for this any more.")
    history.record(session, record.__noun__, record.id, ALLOWED if allowed else REFUSED)
    outbox.enqueue(
        session,
        target_user=asked.member_id,
        renderer=plugin.id("permission"),
        record=record.reference,
        payload={"permission": asked.id},
    )
    words = _("{who} may change {ref} for a day.") if allowed else _("{ref} stays yours alone; {who} is told.")
    text = b.markup(words, who=b.person(asked.member_id), ref=record.reference)
    return Message(text, [b.section(text)], replace=True)
