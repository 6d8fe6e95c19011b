"""Show carts, answer what is typed of them, and have their owners ask about those that are given up."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.grammar import Args
from bot.kit import blocks as b
from bot.kit import cards, format
from bot.kit.format import Reader
from bot.kit.replies import Message
from bot.plugin import Declaration, Member, Role, _
from bot.plugins.commerce import carts, plugin
from bot.plugins.commerce.care.owners import follow_up, owner_of
from bot.plugins.commerce.carts import ABANDONED, COMPLETED, STATES, Cart
from bot.plugins.commerce.nouns import CONTACT, CUSTOMER
from bot.plugins.commerce.settings import ABANDONED as GIVEN_UP_AFTER
from storage.records import named
from storage.records.declaration import declared
from storage.records.fields import ChoiceField, MoneyField, TextField
from storage.workspace.workspaces import Workspace

AT_ONCE = 200
CART = Declaration(
    model=Cart,
    order=Cart.created_at,
    newest_first=True,
    label="Cart",
    plural="Carts",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Jane"),
        TextField(key="items", label="Items", example="20 mugs"),
        MoneyField(key="total", label="Total", by="total_minor", required=True, example="250"),
        CUSTOMER,
        CONTACT,
        ChoiceField(key="state", label="State", by="state", choices=STATES, entered=False),
    ),
    twins=lambda _session, _values: [],
    add=carts.add,
    words={"all": "", "abandoned": "state:abandoned", "open": "state:open"},
)


def cart_card(session: Session, cart: Any, reader: Reader, _actor: Member | None, **how: Any) -> Message:
    """Draw a cart with the way back to it; `how` is as in `bot.kit.cards.card`."""
    facts = {
        _("State"): _(cart.state),
        _("Last change"): reader.moment(cart.outside_at),
        _("Checkout"): b.link(cart.address, _("open it")) if cart.address else None,
    }
    done = b.button(_("Completed"), plugin.id("complete"), cards.control(cart))
    controls = [] if cart.state == COMPLETED else [done]
    return cards.card(session, declared()[Cart.__noun__], cart, reader, facts=facts, controls=controls, **how)


plugin.noun(CART, card=cart_card)


@plugin.command("cart complete", usage="<cart>", role=Role.REP, example="CT-1")
def complete(args: Args, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that a cart became an order; the follow-up about it is over."""
    cart = named.resolve(session, Cart, args["cart"])
    carts.complete(session, cart)
    return cart_card(session, cart, reader, actor, notice=_("Completed."), undo=True)


@plugin.action("complete", role=Role.REP)
def complete_it(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that the card's cart became an order."""
    cart = named.resolve(session, Cart, control.record)
    if overtaken := format.overtaken(session, cart, control):
        return cart_card(session, cart, reader, actor, notice=overtaken, replace=True)
    carts.complete(session, cart)
    return cart_card(session, cart, reader, actor, notice=_("Completed."), undo=True, replace=True)


@plugin.job("abandoned", every="FREQ=HOURLY", at="00:10")
def abandoned(session: Session, workspace: Workspace, now: datetime) -> None:
    """Give up checkouts that nobody completed in time, and have their owners ask why."""
    for cart in carts.given_up(session, now - timedelta(hours=GIVEN_UP_AFTER.of(session)), AT_ONCE):
        cart.state = ABANDONED
        owner = owner_of(session, cart.customer_id)
        if owner is not None:
            text = _("Ask {name} about what they left in the cart: {items}").format(name=cart.name, items=cart.items)
            follow_up(session, owner, text, cart, workspace, now)
    session.flush()


@plugin.finding("Shop", remedy="Say who looks after them: `/crm settings commerce owner:@name`.")
def nobodys(session: Session) -> str | None:
    """Look for given up carts that nobody looks after."""
    if owner_of(session, None) is not None:
        return None
    unowned = Cart.state == ABANDONED, Cart.customer_id.is_(None), Cart.archived_at.is_(None)
    found = session.scalars(select(Cart.id).where(*unowned).limit(AT_ONCE)).all()
    return f"{len(found)} given up carts have nobody who looks after them" if found else None
