"""Ask for a ticket, its changes, or a note about it in modals."""

from __future__ import annotations

from collections.abc import Mapping

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.tickets import cards
from bot.handlers.tickets.declaration import plugin
from bot.handlers.tickets.wanted import WantedTicket
from bot.handlers.tickets.wording import priority_words
from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Member, Role, _
from storage.crm import customers, notes
from storage.crm.customers import Customer
from storage.names import NAME_LIMIT
from storage.records import named
from storage.support import tickets
from storage.support.tickets import Priority, Ticket

CUSTOMERS = "customers.pick"
Values = Mapping[str, str]


def _fields(
    *,
    title: str = "",
    customer: Customer | None = None,
    priority: str = Priority.NORMAL,
    assignee_id: str | None = None,
) -> list[Block]:
    chosen = b.Option(f"{customer.name} ({customer.reference})", customer.reference) if customer else None
    priorities = [b.Option(priority_words(known), known) for known in Priority]
    return [
        b.text_input("title", _("Title"), initial=title, placeholder=_("Login fails on Safari"), max_length=NAME_LIMIT),
        b.search_input(
            "customer", _("Customer"), CUSTOMERS, initial=chosen, optional=True, placeholder=_("Type to search")
        ),
        b.choice_input("priority", _("Priority"), priorities, initial=priority),
        b.person_input("assignee", _("Assignee"), initial=assignee_id, optional=True),
    ]


@plugin.view("new", title="New ticket", role=Role.AGENT)
def new(control: b.Control, session: Session) -> Modal:
    """Open the form for a new ticket; from a customer's card it names the customer."""
    customer = customers.resolve(session, control.record) if control.record else None
    return Modal(_("New ticket"), _fields(customer=customer), submit=_("Add"))


@new.submit
def add(values: Values, state: Mapping[str, str], session: Session, actor: Member, reader: Reader) -> Message | Modal:
    """Open the ticket, unless another is called the same that has not been shown yet."""
    wanted = WantedTicket.submitted(session, values)
    seen = state.get("seen", "").split()
    unseen = [twin for twin in wanted.twins(session) if twin.reference not in seen]
    if unseen:
        return _ask_again(session, wanted, unseen, seen)
    return cards.card(session, wanted.add(session), reader, actor=actor, notice=_("Added."), undo=True)


def _ask_again(session: Session, wanted: WantedTicket, alike: list[Ticket], seen: list[str]) -> Modal:
    lines = [b.markup("• {ticket}", ticket=cards.headline(twin)) for twin in alike]
    question = b.join([_("An open ticket has the same name, so nothing has been added yet:"), *lines])
    customer = customers.get(session, wanted.customer_id) if wanted.customer_id else None
    fields = _fields(title=wanted.name, customer=customer, priority=wanted.priority, assignee_id=wanted.assignee_id)
    state = {"seen": " ".join([*seen, *(twin.reference for twin in alike)])}
    return Modal(_("New ticket"), [b.section(question), *fields], submit=_("Add anyway"), state=state)


plugin.opens("ticket", new)
plugin.button_opens("new", new)


@plugin.view("edit", title="Edit ticket", role=Role.AGENT)
def edit(control: b.Control, session: Session) -> Modal:
    """Open the form with what is known of a ticket."""
    ticket = tickets.resolve(session, control.record)
    fields = _fields(
        title=ticket.name, customer=ticket.customer, priority=ticket.priority, assignee_id=ticket.assignee_id
    )
    state = {"record": ticket.reference, "version": str(ticket.version)}
    return Modal(_("Edit ticket"), fields, submit=_("Save"), state=state)


@edit.submit
def save(values: Values, state: Mapping[str, str], session: Session, actor: Member, reader: Reader) -> Message:
    """Save a ticket's changes, unless somebody else has changed it since the form was opened."""
    ticket = named.at_version(session, tickets.resolve(session, state["record"]), int(state["version"]))
    wanted = WantedTicket.submitted(session, values, had=ticket.assignee_id)
    # May have been emptied; update_ticket leaves alone what is not given.
    ticket.customer_id = wanted.customer_id
    tickets.update_ticket(session, ticket, name=wanted.name, priority=wanted.priority)
    if ticket.assignee_id != wanted.assignee_id:
        tickets.assign(session, ticket, wanted.assignee_id)
    return cards.card(session, ticket, reader, actor=actor, notice=_("Saved."), undo=True)


plugin.button_opens("edit", edit)


@plugin.view("note", title="Note", role=Role.AGENT)
def note(control: b.Control, session: Session) -> Modal:
    """Open the form for a note about a ticket."""
    ticket = tickets.resolve(session, control.record)
    text = b.text_input("text", _("Note"), multiline=True, placeholder=_("Your findings; only your team sees them"))
    return Modal(
        _("Note"), [b.section(cards.headline(ticket)), text], submit=_("Save"), state={"record": ticket.reference}
    )


@note.submit
def save_note(values: Values, state: Mapping[str, str], session: Session, actor: Member, reader: Reader) -> Message:
    """Keep the note and show the ticket with it."""
    ticket = tickets.resolve(session, state["record"])
    notes.add(session, ticket, values["text"])
    return cards.card(session, ticket, reader, actor=actor, notice=_("Noted."), undo=True)


plugin.button_opens("note", note)
