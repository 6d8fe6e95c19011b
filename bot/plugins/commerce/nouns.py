"""Declare products and orders, and show orders where their customers are shown."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader, paragraphs
from bot.plugin import Declaration, Role, _, ngettext
from bot.plugins.commerce import cards, orders, plugin, products
from bot.plugins.commerce.products import Product
from bot.plugins.commerce.sales import FULFILMENTS, LIFECYCLES, PAYMENTS, SalesOrder
from storage.crm import contacts, customers
from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.errors import Conflict
from storage.records.fields import ChoiceField, LinkField, MomentField, MoneyField, NumberField, TextField, YesNoField
from storage.records.named import Record

CUSTOMER = LinkField(
    key="customer",
    label="Customer",
    at="customer_id",
    by="customer_id",
    to=Customer,
    whose=True,
    resolve=customers.resolve,
    example="harbor",
)
CONTACT = LinkField(
    key="contact",
    label="Contact",
    at="contact_id",
    by="contact_id",
    to=Contact,
    resolve=contacts.resolve,
    example="P-3",
)
SHOWN = 5
MOST = 1_000_000_000


def _stays(_session: Session, order: SalesOrder, _value: Any) -> Sequence[Record]:
    hint = "Cancel {reference} and place another order."
    raise Conflict("What was ordered stays as it was.", hint=hint, reference=order.reference, field="lines")


PRODUCT = Declaration(
    model=Product,
    label="Product",
    plural="Products",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, example="Mug"),
        TextField(key="sku", label="SKU", by="sku_key", required=True, example="MUG-1"),
        MoneyField(key="price", label="Price", by="price_minor", required=True, summed=False, example="12.50"),
        NumberField(
            key="stock",
            label="Stock",
            by="stock",
            least=0,
            most=MOST,
            begins=lambda _: 0,
            required=True,
            example="40",
        ),
        NumberField(key="reserved", label="Reserved", by="reserved", entered=False),
        LinkField(
            key="variant-of",
            label="Variant of",
            at="variant_of_id",
            by="variant_of_id",
            to=Product,
            resolve=products.resolve,
            example="S-1",
        ),
        YesNoField(key="mirrored", label="Stock kept by the shop", entered=False),
    ),
    exact=lambda typed: [Product.sku_key == products.sku_key(typed)],
    twins=lambda _session, _values: [],
    refuse=products.refuse,
)
ORDER = Declaration(
    model=SalesOrder,
    label="Order",
    plural="Orders",
    change=Role.REP,
    fields=(
        TextField(key="name", label="Name", by="name_key", hint="Left empty, it is called after what is ordered."),
        TextField(
            key="lines",
            label="Lines",
            at="wanted",
            example="MUG-1:2 HAT-1:1",
            hint="SKUs with quantities, such as MUG-1:2 HAT-1. They stay as they are ordered.",
            change=_stays,
        ),
        CUSTOMER,
        CONTACT,
        MoneyField(key="total", label="Total", by="total_minor", entered=False),
        MomentField(key="placed", label="Placed", at="placed_at", by="placed_at", past=True, entered=False),
        ChoiceField(key="lifecycle", label="Order", by="lifecycle", choices=LIFECYCLES, entered=False),
        ChoiceField(key="payment", label="Payment", by="payment", choices=PAYMENTS, entered=False),
        ChoiceField(key="fulfilment", label="Fulfilment", by="fulfilment", choices=FULFILMENTS, entered=False),
        TextField(key="source", label="Source", by="source", entered=False),
        TextField(key="number", label="Number there", at="outside_id", by="outside_id", entered=False),
    ),
    twins=lambda _session, _values: [],
    add=orders.add,
    day="placed",
    order=SalesOrder.placed_at,
    newest_first=True,
    words={
        "all": "",
        "open": "lifecycle:open",
        "unpaid": "payment:pending lifecycle:open",
        "unshipped": "fulfilment:unfulfilled lifecycle:open",
    },
)
plugin.noun(PRODUCT, card=cards.product)
plugin.noun(ORDER, card=cards.order, line=cards.line)


@plugin.card("customer", "Orders")
def of_customer(record: Customer, session: Session, reader: Reader) -> list[Block]:
    """Show on a customer's card what was ordered there, and what all of it comes to, a sum for each currency."""
    return _orders(session, SalesOrder.customer_id, record.id, reader)


@plugin.card("contact", "Orders")
def of_contact(record: Contact, session: Session, reader: Reader) -> list[Block]:
    """Show on a person's card what they ordered."""
    return _orders(session, SalesOrder.contact_id, record.id, reader)


@plugin.card("product", "Variants")
def of_product(record: Product, session: Session, reader: Reader) -> list[Block]:
    """Show on a product's card its variants, with price and stock."""
    return paragraphs(
        b.markup(
            _("• {name}  `{sku}`  {price}, {left} left"),
            name=headline(one),
            sku=one.sku,
            price=reader.money(one.price),
            left=one.available,
        )
        for one in products.variants(session, record)
    )


def _orders(session: Session, column: Any, record_id: int, reader: Reader) -> list[Block]:
    found = orders.of(session, column, record_id, SHOWN)
    if not found:
        return []
    lines = [
        b.markup(
            "• {one}  {total}, {when}  ({states})",
            one=headline(one),
            total=reader.money(one.total),
            when=reader.day(one.placed_at.astimezone(reader.zone).date()),
            states=cards.states(one),
        )
        for one in found
    ]
    count, sums = orders.totals(session, column, record_id)
    told = ngettext("{count} order that stands, {sums}", "{count} orders that stand, {sums}", count)
    summed = [b.markup(told, count=count, sums=", ".join(map(reader.money, sums)))] if count else []
    return paragraphs([*lines, *summed])
