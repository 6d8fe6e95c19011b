"""Draw an order with its lines, what came back and what can be done with it, and a product."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

from slack_sdk.models.blocks.block_elements import InteractiveElement
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message
from bot.plugin import Member, _
from bot.plugins.commerce import plugin
from bot.plugins.commerce.sales import (
    AUTHORISED,
    CANCELLED,
    DELIVERED,
    OPEN,
    PAID,
    PARTLY,
    PARTLY_REFUNDED,
    PENDING,
    SHIPPED,
    UNFULFILLED,
    SalesOrder,
    lines_of,
    refunds_of,
    returns_of,
)
from storage.money import Money
from storage.records.declaration import declared

LINES = 20


def states(order: SalesOrder) -> str:
    """Return what an order is in a few words: how it is paid and shipped, or that it is cancelled."""
    words = [order.payment, order.fulfilment] if order.lifecycle == OPEN else [order.lifecycle, order.payment]
    return ", ".join(map(_, words))


def line(_session: Session, reader: Reader) -> Callable[[SalesOrder], b.Text]:
    """Return what a list tells of an order below its name."""

    def told(one: SalesOrder) -> b.Text:
        day = reader.day(one.placed_at.astimezone(reader.zone).date())
        return b.markup("{total} · {day} · {states}", total=reader.money(one.total), day=day, states=states(one))

    return told


def order(session: Session, order: Any, reader: Reader, _actor: Member | None, **how: Any) -> Message:
    """Draw an order; `how` is as in `bot.kit.cards.card`."""

    def money(minor: int) -> str:
        return reader.money(Money(minor, order.currency))

    facts = {
        _("Total"): money(order.total_minor),
        _("Discount"): money(order.discount_minor) if order.discount_minor else None,
        _("Shipping and fees"): money(order.shipping_minor) if order.shipping_minor else None,
        _("Tax in it") if order.tax_included else _("Tax"): money(order.tax_minor) if order.tax_minor else None,
        _("Refunded"): money(order.refunded_minor) if order.refunded_minor else None,
        _("Placed"): reader.moment(order.placed_at),
        _("Order"): _("archived") if order.archived_at else _(order.lifecycle),
        _("Payment"): _(order.payment),
        _("Fulfilment"): _(order.fulfilment),
        _("Shop"): f"{order.source} {order.outside_id}" if order.source else None,
    }
    parts = paragraphs([*_lines(session, order, money), *_afterwards(session, order, reader, money)])
    noun, controls = declared()[SalesOrder.__noun__], list(_controls(session, order))
    return cards.card(session, noun, order, reader, facts=facts, parts=parts, controls=controls, **how)


def product(session: Session, product: Any, reader: Reader, _actor: Member | None, **how: Any) -> Message:
    """Draw a product with how many of it can still be ordered; `how` is as in `bot.kit.cards.card`."""
    facts = {_("Can be ordered"): _("in the shop alone") if product.mirrored else str(product.available)}
    return cards.card(session, declared()[product.__noun__], product, reader, facts=facts, **how)


def _lines(session: Session, order: SalesOrder, money: Callable[[int], str]) -> Iterator[b.Text]:
    found = lines_of(session, order)
    for one in found[:LINES]:
        yield b.markup(
            "• {quantity} × {name} `{sku}`  {price}{rest}",
            quantity=one.quantity,
            name=one.name,
            sku=one.sku,
            price=money(one.price_minor * one.quantity),
            rest=_(", {shipped} shipped").format(shipped=one.shipped) if 0 < one.shipped < one.quantity else "",
        )
    if len(found) > LINES:
        yield b.markup(_("… and {count} more lines"), count=len(found) - LINES)


def _afterwards(session: Session, order: SalesOrder, reader: Reader, money: Callable[[int], str]) -> Iterator[b.Text]:
    def because(reason: str | None) -> b.Text:
        return b.markup(_(" ({reason})"), reason=reason) if reason else ""

    for back, parts in returns_of(session, order):
        what = ", ".join(f"{quantity} {name}" for name, quantity in parts)
        on = reader.day(back.at.astimezone(reader.zone).date())
        told = _("↩ {what} is back{why}") if back.received_at else _("↩ {what} comes back since {on}{why}")
        yield b.markup(told, what=what, on=on, why=because(back.reason))
    for paid in refunds_of(session, order):
        on = reader.day(paid.at.astimezone(reader.zone).date())
        yield b.markup(
            _("↩ {amount} paid back on {on}{why}"), amount=money(paid.amount_minor), on=on, why=because(paid.reason)
        )


def _controls(session: Session, order: SalesOrder) -> Iterator[InteractiveElement]:
    about = cards.control(order)
    if order.lifecycle == CANCELLED:
        if order.payment in {PAID, PARTLY_REFUNDED}:
            yield b.button(_("Refund"), plugin.id("refund"), about)
        return
    if order.fulfilment in {UNFULFILLED, PARTLY}:
        yield b.button(_("Ship"), plugin.id("ship"), about)
    if order.fulfilment == SHIPPED:
        yield b.button(_("Delivered"), plugin.id("deliver"), about)
    if order.payment in {PENDING, AUTHORISED}:
        yield b.button(_("Paid"), plugin.id("pay"), about)
    if order.payment in {PAID, PARTLY_REFUNDED}:
        yield b.button(_("Refund"), plugin.id("refund"), about)
    if order.fulfilment in {PARTLY, SHIPPED, DELIVERED}:
        yield b.button(_("Return"), plugin.id("return"), about)
    if any(back.received_at is None for back, _parts in returns_of(session, order)):
        yield b.button(_("Received"), plugin.id("receive"), about)
    if order.fulfilment == UNFULFILLED:
        yield b.button(_("Cancel order"), plugin.id("cancel"), about)
