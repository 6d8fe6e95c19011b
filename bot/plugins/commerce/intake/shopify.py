"""Take in what Shopify's webhooks send: orders, checkouts and products, as its REST resources of these names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import Any

from sqlalchemy.orm import Session

from bot.plugins.commerce import plugin
from bot.plugins.commerce.intake import arriving, goods, taking
from bot.plugins.commerce.intake.arriving import (
    ArrivingCart,
    ArrivingLine,
    ArrivingOrder,
    ArrivingProduct,
    ArrivingRefund,
    Buyer,
    Json,
    count,
    line_of,
    minor,
    moment_of,
    named,
    number_of,
    reading,
    sku_of,
)
from bot.plugins.commerce.orders import called_after
from bot.plugins.commerce.sales import AUTHORISED, PAID, PARTLY_REFUNDED, PENDING, REFUNDED
from bot.plugins.commerce.settings import MIRRORED, SHOPIFY, STOCK
from storage.workspace.workspaces import Workspace

SOURCE = "shopify"
WHOLE = frozenset({"create", "updated", "paid", "partially_fulfilled", "fulfilled", "cancelled"})
"""What happened to an order that comes whole; of the rest, as of edits and risks, `orders/updated` tells the effect."""
PAYMENTS = {
    "pending": PENDING,
    "authorized": AUTHORISED,
    "partially_paid": PENDING,
    "paid": PAID,
    "partially_refunded": PARTLY_REFUNDED,
    "refunded": REFUNDED,
    "voided": PENDING,
}


def is_signed(session: Session, headers: Mapping[str, str], raw: bytes) -> bool:
    """Tell whether Shopify signed it with the secret of this workspace."""
    return arriving.signed(SHOPIFY.of(session), raw, headers.get("x-shopify-hmac-sha256", ""))


@plugin.hook("shopify", signed=is_signed, once="X-Shopify-Webhook-Id")
def take(headers: Mapping[str, str], body: Json, session: Session, workspace: Workspace) -> None:
    """Take in an order, a checkout or a product of Shopify's; pass tests of the shop's and other topics by."""
    what, _, happened = headers.get("x-shopify-topic", "").partition("/")
    with reading(what or "message"):
        match what, happened:
            case "orders", "delete":
                taking.gone(session, SOURCE, number_of(body["id"]))
            case "orders", _ if happened in WHOLE and not body.get("test"):
                taking.take(session, order(body))
            case "checkouts", "create" | "update":
                goods.take_cart(session, cart(body))
            case "products", "delete":
                goods.product_gone(session, SOURCE, number_of(body["id"]))
            case "products", "create" | "update":
                for one in products(body, workspace.currency):
                    goods.take_product(session, one, mirrored=STOCK.of(session) == MIRRORED)


def order(body: Json) -> ArrivingOrder:
    """Return an order as Shopify tells it."""
    currency = str(body["currency"])
    cancelled = body.get("cancelled_at") is not None
    paid_back = [one for one in body.get("refunds") or () if isinstance(one, dict)]
    refunds = [_refund(one, body, currency) for one in paid_back]
    total = max(0, minor(body["total_price"], currency))
    if not cancelled and (now := body.get("current_total_price")) is not None:
        # What was taken out of an order before it was paid is in its first total still.
        total = min(total, max(0, minor(now, currency)) + sum(one.amount_minor for one in refunds))
    sent = _sent(body)
    lines = (_line(one, currency, sent, _came_back(paid_back, "cancel"), cancelled) for one in body["line_items"])
    return ArrivingOrder(
        source=SOURCE,
        outside_id=number_of(body["id"]),
        number=line_of(body.get("name")),
        at=moment_of(body["updated_at"]),
        placed_at=moment_of(body["created_at"]),
        currency=currency,
        total_minor=total,
        discount_minor=max(0, minor(body.get("total_discounts"), currency)),
        tax_minor=max(0, minor(body.get("total_tax"), currency)),
        payment=PAYMENTS.get(str(body.get("financial_status")), PENDING),
        cancelled=cancelled,
        buyer=_buyer(body),
        lines=[line for line in lines if line.quantity],
        refunds=refunds,
        cart=line_of(body.get("checkout_token")),
        shipping_minor=_shipping(body, currency),
        tax_included=body.get("taxes_included") is True,
    )


def cart(body: Json) -> ArrivingCart:
    """Return a checkout as Shopify tells it."""
    currency = str(body.get("currency") or body.get("presentment_currency"))
    items = ((count(one.get("quantity")), line_of(one.get("title"))) for one in body.get("line_items") or ())
    return ArrivingCart(
        source=SOURCE,
        outside_id=number_of(body["token"]),
        at=moment_of(body["updated_at"]),
        currency=currency,
        total_minor=max(0, minor(body.get("total_price"), currency)),
        items=called_after(items),
        address=line_of(body.get("abandoned_checkout_url"), 2_000),
        buyer=_buyer(body),
        completed=body.get("completed_at") is not None,
    )


def products(body: Json, currency: str) -> Iterator[ArrivingProduct]:
    """Yield the variants of a product as Shopify tells them; it names no currency there."""
    for one in body["variants"]:
        title = line_of(one.get("title"))
        counted = one.get("inventory_management") is not None and one.get("inventory_quantity") is not None
        yield ArrivingProduct(
            source=SOURCE,
            outside_id=line_of(body.get("id")),
            sku=sku_of(one.get("sku")),
            name=line_of(body["title"] if title in {"", "Default Title"} else f"{body['title']} {title}"),
            price_minor=max(0, minor(one.get("price"), currency)),
            currency=currency,
            stock=int(one["inventory_quantity"]) if counted else None,
            at=moment_of(body["updated_at"]),
        )


def _line(
    one: Json, currency: str, sent: Mapping[str, int] | None, removed: Mapping[str, int], cancelled: bool
) -> ArrivingLine:
    number, quantity = number_of(one["id"]), count(one["quantity"])
    waiting = count(one["fulfillable_quantity"]) if one.get("fulfillable_quantity") is not None else None
    left = (sent or {}).get(number, 0)
    if cancelled:
        # Nothing of it waits any more, and what was ordered stays to be seen.
        shipped = min(left, quantity)
    elif sent is not None and waiting is not None and one.get("current_quantity") is not None:
        # What is taken out, restocked or not, is in the first quantity; what came back is not in the current one.
        quantity = max(count(one["current_quantity"]), left + waiting)
        shipped = quantity - waiting
    else:
        quantity = max(0, quantity - removed.get(number, 0))
        shipped = 0 if waiting is None else max(0, quantity - waiting)
    return ArrivingLine(
        outside_id=number,
        sku=sku_of(one.get("sku")),
        name=line_of(one.get("name") or one.get("title")) or number,
        quantity=quantity,
        price_minor=max(0, minor(one.get("price"), currency)),
        shipped=max(0, shipped),
    )


def _sent(body: Json) -> dict[str, int] | None:
    """Return how many of which lines were sent; None where the shop tells of no shipments."""
    if not isinstance(body.get("fulfillments"), list):
        return None
    found: dict[str, int] = {}
    for shipment in body["fulfillments"]:
        if shipment.get("status") in {None, "success"}:
            for part in shipment.get("line_items") or ():
                found[number_of(part["id"])] = found.get(number_of(part["id"]), 0) + count(part["quantity"])
    return found


def _shipping(body: Json, currency: str) -> int:
    whole = (body.get("total_shipping_price_set") or {}).get("shop_money") or {}
    if whole.get("amount") is not None:
        return max(0, minor(whole["amount"], currency))
    return sum(max(0, minor(one.get("price"), currency)) for one in body.get("shipping_lines") or ())


def _own(part: Json, body: Json, currency: str) -> int:
    """Return what a payment comes to in the shop's own currency, at the rate at which the order was placed.

    Who buys in another currency is paid back in theirs.
    """
    if part.get("currency") in {None, currency}:
        return minor(part.get("amount"), currency)
    both = body["total_price_set"]
    own, shown = (Decimal(str(both[one]["amount"])) for one in ("shop_money", "presentment_money"))
    return minor(Decimal(str(part["amount"])) * own / shown, currency) if shown else 0


def _refund(one: Json, body: Json, currency: str) -> ArrivingRefund:
    paid = [part for part in one.get("transactions") or () if part.get("kind") == "refund"]
    amounts = (_own(part, body, currency) for part in paid if part.get("status") in {None, "success"})
    return ArrivingRefund(
        outside_id=number_of(one["id"]),
        amount_minor=sum(amounts),
        at=moment_of(one["created_at"]),
        reason=line_of(one.get("note")),
        back=_came_back([one], "return"),
    )


def _came_back(refunds: list[Any], how: str) -> dict[str, int]:
    """Return how many of which lines came back, `return`, or never left, `cancel`."""
    found: dict[str, int] = {}
    for one in refunds:
        for part in one.get("refund_line_items") or ():
            if part.get("restock_type") == how:
                number = number_of(part["line_item_id"])
                found[number] = found.get(number, 0) + count(part["quantity"])
    return found


def _buyer(body: Json) -> Buyer:
    who = body.get("customer") or {}
    at = body.get("billing_address") or {}
    return Buyer(
        name=named(who.get("first_name"), who.get("last_name")) or named(at.get("first_name"), at.get("last_name")),
        email=line_of(body.get("email") or who.get("email")),
        phone=line_of(body.get("phone") or who.get("phone")),
        company=line_of(at.get("company")),
    )
