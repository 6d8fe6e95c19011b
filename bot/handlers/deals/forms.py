"""Ask for a deal, its changes, a note, or why it was lost in modals."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.handlers.deals import cards
from bot.handlers.deals.declaration import plugin
from bot.handlers.deals.wanted import WantedDeal
from bot.kit import blocks as b
from bot.kit import format
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Member, Role, _
from storage.crm import customers, deals, notes, pipelines
from storage.crm.customers import Customer
from storage.crm.deals import Deal
from storage.crm.pipelines import Outcome
from storage.names import NAME_LIMIT
from storage.records import named
from storage.workspace.workspaces import Workspace

CUSTOMERS = "customers.pick"
Values = Mapping[str, str]


def _fields(
    *,
    name: str = "",
    customer: Customer | None = None,
    amount: str = "",
    close_on: date | None = None,
    owner_id: str | None = None,
) -> list[Block]:
    chosen = b.Option(f"{customer.name} ({customer.reference})", customer.reference) if customer else None
    return [
        b.text_input("name", _("Name"), initial=name, placeholder=_("Acme renewal"), max_length=NAME_LIMIT),
        b.search_input(
            "customer", _("Customer"), CUSTOMERS, initial=chosen, optional=True, placeholder=_("Type to search")
        ),
        b.text_input(
            "amount", _("Amount"), initial=amount, placeholder="12k, €12,000.50, 120万", optional=True, max_length=60
        ),
        b.date_input("close", _("Expected to close"), initial=close_on, optional=True),
        b.person_input("owner", _("Owner"), initial=owner_id, optional=True),
    ]


def _stage_field(session: Session, chosen: str = "") -> Block:
    open_stages = [stage.name for stage in pipelines.stages(session) if stage.outcome == Outcome.OPEN]
    options = [b.Option(name, name) for name in open_stages]
    return b.choice_input("stage", _("Stage"), options, initial=chosen or open_stages[0])


def _typed(deal: Deal | WantedDeal) -> str:
    """Write an amount so that it is read back as the same amount."""
    return f"{deal.amount.major} {deal.amount.currency}" if deal.amount is not None else ""


@plugin.view("new", title="New deal", role=Role.REP)
def new(control: b.Control, session: Session, actor: Member) -> Modal:
    """Open the form for a new deal; from a customer's card it names the customer."""
    customer = customers.resolve(session, control.record) if control.record else None
    fields = [*_fields(customer=customer, owner_id=actor.id), _stage_field(session)]
    return Modal(_("New deal"), fields, submit=_("Add"))


@new.submit
def add(
    values: Values, state: Mapping[str, str], session: Session, reader: Reader, workspace: Workspace
) -> Message | Modal:
    """Add the deal, unless another is called the same that has not been shown yet."""
    wanted = WantedDeal.submitted(session, values, workspace, reader.locale)
    seen = state.get("seen", "").split()
    unseen = [twin for twin in wanted.twins(session) if twin.reference not in seen]
    if unseen:
        return _ask_again(session, wanted, unseen, seen)
    return cards.card(session, wanted.add(session), reader, notice=_("Added."), undo=True)


def _ask_again(session: Session, wanted: WantedDeal, alike: list[Deal], seen: list[str]) -> Modal:
    lines = [b.markup("• {deal}", deal=cards.headline(twin)) for twin in alike]
    question = b.join([_("An open deal has the same name, so nothing has been added yet:"), *lines])
    customer = customers.get(session, wanted.customer_id) if wanted.customer_id else None
    fields = _fields(
        name=wanted.name,
        customer=customer,
        amount=_typed(wanted),
        close_on=wanted.close_on,
        owner_id=wanted.owner_id,
    )
    blocks = [b.section(question), *fields, _stage_field(session, wanted.stage or "")]
    state = {"seen": " ".join([*seen, *(twin.reference for twin in alike)])}
    return Modal(_("New deal"), blocks, submit=_("Add anyway"), state=state)


plugin.opens("deal", new)
plugin.button_opens("new", new)


@plugin.view("edit", title="Edit deal", role=Role.REP)
def edit(control: b.Control, session: Session) -> Modal:
    """Open the form with what is known of a deal."""
    deal = deals.resolve(session, control.record)
    fields = _fields(
        name=deal.name,
        customer=deal.customer,
        amount=_typed(deal),
        close_on=deal.close_on,
        owner_id=deal.owner_id,
    )
    state = {"record": deal.reference, "version": str(deal.version)}
    return Modal(_("Edit deal"), fields, submit=_("Save"), state=state)


@edit.submit
def save(values: Values, state: Mapping[str, str], session: Session, reader: Reader, workspace: Workspace) -> Message:
    """Save a deal's changes, unless somebody else has changed it since the form was opened."""
    deal = named.at_version(session, deals.resolve(session, state["record"]), int(state["version"]))
    wanted = WantedDeal.submitted(session, values, workspace, reader.locale, had=deal.owner_id)
    # What was emptied; update_deal leaves alone what is not given.
    deal.amount, deal.customer_id = wanted.amount, wanted.customer_id
    deal.close_on, deal.owner_id = wanted.close_on, wanted.owner_id
    deals.update_deal(session, deal, name=wanted.name)
    return cards.card(session, deal, reader, notice=_("Saved."), undo=True)


plugin.button_opens("edit", edit)


@plugin.view("lost", title="Lost", role=Role.REP)
def lost(control: b.Control, session: Session) -> Modal:
    """Ask why a deal was lost."""
    deal = deals.resolve(session, control.record)
    if overtaken := format.overtaken(session, deal, control):
        return Modal(_("Lost"), [b.section(overtaken), b.section(cards.headline(deal))])
    reason = b.text_input(
        "reason", _("Why was it lost?"), multiline=True, optional=True, placeholder=_("Price, timing, a competitor …")
    )
    state = {"record": deal.reference, "version": str(deal.version)}
    return Modal(_("Lost"), [b.section(cards.headline(deal)), reason], submit=_("Mark as lost"), state=state)


@lost.submit
def lose(values: Values, state: Mapping[str, str], session: Session, reader: Reader) -> Message:
    """Mark the deal as lost, unless somebody else has changed it since the form was opened."""
    deal = named.at_version(session, deals.resolve(session, state["record"]), int(state["version"]))
    notice = cards.closed(_("Marked as lost."), deals.lose(session, deal, values["reason"] or None))
    return cards.card(session, deal, reader, notice=notice, undo=True)


plugin.button_opens("lost", lost)


@plugin.view("note", title="Note", role=Role.REP)
def note(control: b.Control, session: Session) -> Modal:
    """Open the form for a note about a deal."""
    deal = deals.resolve(session, control.record)
    text = b.text_input("text", _("Note"), multiline=True, placeholder=_("A call, an agreement, a promise …"))
    return Modal(_("Note"), [b.section(cards.headline(deal)), text], submit=_("Save"), state={"record": deal.reference})


@note.submit
def save_note(values: Values, state: Mapping[str, str], session: Session, reader: Reader) -> Message:
    """Keep the note and show the deal with it."""
    deal = deals.resolve(session, state["record"])
    notes.add(session, deal, values["text"])
    return cards.card(session, deal, reader, notice=_("Noted."), undo=True)


plugin.button_opens("note", note)
