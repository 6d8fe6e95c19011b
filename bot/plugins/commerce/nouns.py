"""Declare products and orders, and draw an order."""

from __future__ import annotations

from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.cards import headline
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message
from bot.plugin import Declaration, Member, Role, _
from bot.plugins.commerce import orders, plugin
from bot.plugins.commerce.tables import (
    CANCELLED,
    OPEN,
    PAID,
    PARTLY,
    PENDING,
    REFUNDED,
    SHIPPED,
    UNFULFILLED,
    Product,
    SalesOrder,
)
from storage.crm import customers
from storage.crm.customers import Customer
from storage.errors import Conflict, Invalid
from storage.money import Money
from storage.records.declaration import Values
from storage.records.fields import ChoiceField, LinkField, MoneyField, NumberField, TextField

SHOWN = 5
MOST = 1_000_000_000


def _refuse(session: Session, record: Product | None, values: Values) -> None:
    """Raise Conflict for a SKU that another product has, Invalid for a price or a stock that cannot be."""
    sku, price, stock = (values.get(key) for key in ("sku", "price", "stock"))
    if sku is not None:
        same = select(Product).where(Product.sku_key == sku.strip().casefold(), Product.merged_into_id.is_(None))
        other = session.scalars(same).first()
        if other is not None and other is not record:
            raise Conflict("{reference} has this SKU already.", reference=other.reference, field="sku")
    if price is not None and price.minor < 0:
        raise Invalid("A price is not below zero.", field="price")
    if stock is not None and record is not None:
        session.refresh(record, with_for_update=True)
        if stock < record.reserved:
            raise Conflict("Open orders hold {count} of {name}.", count=record.reserved, name=record.name)


PRODUCT = Declaration(
    model=Product,
    label="Product",
    plural="Products",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Mug"),
        TextField(key="sku", label="SKU", by="sku_key", required=True, example="MUG-1"),
        MoneyField(key="price", label="Price", by="price_minor", required=True, example="12.50"),
        NumberField(key="stock", label="Stock", by="stock", least=0, most=MOST, begins=lambda _: 0, required=True),
        NumberField(key="reserved", label="Reserved", by="reserved", entered=False),
    ),
    refuse=_refuse,
)
ORDER = Declaration(
    model=SalesOrder,
    label="Order",
    plural="Orders",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True),
        LinkField(
            key="customer",
            label="Customer",
            at="customer_id",
            by="customer_id",
            to=Customer,
            resolve=customers.resolve,
            example="harbor",
        ),
        MoneyField(key="total", label="Total", by="total_minor", entered=False),
        ChoiceField(key="lifecycle", label="Order", by="lifecycle", choices=(OPEN, CANCELLED), entered=False),
        ChoiceField(key="payment", label="Payment", by="payment", choices=(PENDING, PAID, REFUNDED), entered=False),
        ChoiceField(
            key="fulfilment",
            label="Fulfilment",
            by="fulfilment",
            choices=(UNFULFILLED, PARTLY, SHIPPED),
            entered=False,
        ),
    ),
    order=SalesOrder.created_at,
)


def card(session: Session, order: Any, reader: Reader, _actor: Member, **how: Any) -> Message:
    """Draw an order with its lines, its sum and what can be done with it; `how` is as in `bot.kit.cards.card`."""

    def money(minor: int) -> str:
        return reader.money(Money(minor, order.currency))

    facts = {
        _("Total"): money(order.total_minor),
        _("Discount"): money(order.discount_minor) if order.discount_minor else None,
        _("Tax"): money(order.tax_minor) if order.tax_minor else None,
        _("Order"): _(order.lifecycle),
        _("Payment"): _(order.payment),
        _("Fulfilment"): _(order.fulfilment),
    }
    lines = [
        b.markup(
            "• {quantity} × {name} ({sku})  {price}",
            quantity=one.quantity,
            name=one.name,
            sku=one.sku,
            price=money(one.price_minor * one.quantity),
        )
        for one in orders.lines_of(session, order)
    ]
    to_do = []
    if order.lifecycle == OPEN and order.fulfilment != SHIPPED:
        to_do.append(b.button(_("Ship"), plugin.id("ship"), cards.control(order)))
    if order.lifecycle == OPEN and order.fulfilment == UNFULFILLED:
        to_do.append(b.button(_("Cancel order"), plugin.id("cancel"), cards.control(order)))
    return cards.card(session, ORDER, order, reader, facts=facts, parts=paragraphs(lines), controls=to_do, **how)


plugin.noun(PRODUCT)
plugin.noun(ORDER, card=card)


@plugin.card("customer", "Orders")
def of_customer(record: Customer, session: Session, reader: Reader) -> list[Block]:
    """Show on a customer's card what was ordered there, and what all of it comes to, a sum for each currency."""
    found = orders.of_customer(session, record.id)
    if not found:
        return []
    lines = [b.markup("• {one}  {total}", one=headline(one), total=reader.money(one.total)) for one in found[:SHOWN]]
    sums = ", ".join(reader.totals(one.total for one in found))
    return paragraphs([*lines, b.markup(_("{count} orders, {sums} in all"), count=len(found), sums=sums)])
