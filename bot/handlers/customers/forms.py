"""Ask for a customer, its changes, or a note about it in modals."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.customers import cards
from bot.handlers.customers.declaration import plugin
from bot.handlers.customers.wanted import WantedCustomer
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Member, Role, _
from storage.crm import customers, notes
from storage.crm.customers import Customer
from storage.names import NAME_LIMIT
from storage.records import named

Values = Mapping[str, str]


def _fields(*, name: str = "", domain: str = "", tier: str = "", owner_id: str | None) -> list[Block]:
    return [
        b.text_input("name", _("Name"), initial=name, placeholder="Acme Corp", max_length=NAME_LIMIT),
        b.text_input("domain", _("Domain"), initial=domain, placeholder="acme.com", optional=True, max_length=300),
        b.text_input(
            "tier",
            _("Tier"),
            initial=tier,
            placeholder=_("gold"),
            optional=True,
            max_length=customers.TIER_LIMIT,
            hint=_("Your team's own word for how this customer is served."),
        ),
        b.person_input("owner", _("Owner"), initial=owner_id, optional=True),
    ]


@plugin.view("new", title="New customer", role=Role.REP)
def new(actor: Member) -> Modal:
    """Open the form for a new customer."""
    return Modal(_("New customer"), _fields(owner_id=actor.id), submit=_("Add"))


@new.submit
def add(values: Values, state: Mapping[str, str], session: Session, reader: Reader) -> Message | Modal:
    """Add the customer, unless others are like it that have not been shown yet."""
    wanted = WantedCustomer.check(
        session, name=values["name"], domain=values["domain"], tier=values["tier"], owner_id=values["owner"]
    )
    unseen = [twin for twin in wanted.twins(session) if twin.reference not in state.get("seen", "").split()]
    if unseen:
        return _ask_again(wanted, unseen, state)
    return cards.card(session, wanted.add(session), reader, notice=_("Added."), undo=True)


def _ask_again(wanted: WantedCustomer, alike: list[Customer], state: Mapping[str, str]) -> Modal:
    lines = [b.markup("• {customer}", customer=cards.headline(twin)) for twin in alike]
    seen = " ".join([*state.get("seen", "").split(), *(twin.reference for twin in alike)])
    fields = _fields(name=wanted.name, domain=wanted.domain or "", tier=wanted.tier or "", owner_id=wanted.owner_id)
    question = b.join([_("This customer may be here already, so nothing has been added yet:"), *lines])
    return Modal(_("New customer"), [b.section(question), *fields], submit=_("Add anyway"), state={"seen": seen})


plugin.opens("customer", new)
plugin.button_opens("new", new)


@plugin.view("edit", title="Edit customer", role=Role.REP)
def edit(control: b.Control, session: Session) -> Modal:
    """Open the form with what is known of a customer."""
    customer = customers.resolve(session, control.record)
    fields = _fields(
        name=customer.name, domain=customer.domain or "", tier=customer.tier or "", owner_id=customer.owner_id
    )
    state = {"record": customer.reference, "version": str(customer.version)}
    return Modal(_("Edit customer"), fields, submit=_("Save"), state=state)


@edit.submit
def save(values: Values, state: Mapping[str, str], session: Session, reader: Reader) -> Message:
    """Save a customer's changes, unless somebody else has changed it since the form was opened."""
    customer = named.at_version(session, customers.resolve(session, state["record"]), int(state["version"]))
    typed = {name: values[name] for name in ("name", "domain", "tier")}
    wanted = WantedCustomer.check(session, **typed, owner_id=values["owner"], had=customer.owner_id)
    customers.update(session, customer, name=wanted.name, domain=wanted.domain or "", tier=wanted.tier or "")
    customers.assign(session, customer, wanted.owner_id)
    return cards.card(session, customer, reader, notice=_("Saved."), undo=True)


plugin.button_opens("edit", edit)


@plugin.view("note", title="Note", role=Role.REP)
def note(control: b.Control, session: Session) -> Modal:
    """Open the form for a note about a customer."""
    customer = customers.resolve(session, control.record)
    about = b.section(cards.headline(customer))
    text = b.text_input("text", _("Note"), multiline=True, placeholder=_("A call, an agreement, a promise …"))
    return Modal(_("Note"), [about, text], submit=_("Save"), state={"record": customer.reference})


@note.submit
def save_note(values: Values, state: Mapping[str, str], session: Session, reader: Reader) -> Message:
    """Keep the note and show the customer with it."""
    customer = customers.resolve(session, state["record"])
    notes.add(session, customer, values["text"])
    return cards.card(session, customer, reader, notice=_("Noted."), undo=True)


plugin.button_opens("note", note)
