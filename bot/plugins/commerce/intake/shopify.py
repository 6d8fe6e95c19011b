"""Take in what Shopify's webhooks send: orders, checkouts and products, as its REST resources of these names."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
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
    """Take in an order, a checkout or a product of Shopify's; pass other topics by."""
    what, _, happened = headers.get("x-shopify-topic", "").partition("/")
    with reading(what or "message"):
        match what, happened:
            case "orders", "delete":
                taking.gone(session, SOURCE, number_of(body["id"]))
            case "orders", _:
                taking.take(session, order(body))
            case "checkouts", "create" | "update":
                goods.take_cart(session, cart(body))
            case "products", "create" | "update":
                for one in products(body, workspace.currency):
                    goods.take_product(session, one, mirrored=STOCK.of(session) == MIRRORED)


def order(body: Json) -> ArrivingOrder:
    """Return an order as Shopify tells it."""
    currency = str(body["currency"])
    refunds = [one for one in body.get("refunds") or () if isinstance(one, dict)]
    removed = _came_back(refunds, "cancel")
    return ArrivingOrder(
        source=SOURCE,
        outside_id=number_of(body["id"]),
        number=line_of(body.get("name")),
        at=moment_of(body["updated_at"]),
        placed_at=moment_of(body["created_at"]),
        currency=currency,
        total_minor=max(0, minor(body["total_price"], currency)),
        discount_minor=max(0, minor(body.get("total_discounts"), currency)),
        tax_minor=max(0, minor(body.get("total_tax"), currency)),
        payment=PAYMENTS.get(str(body.get("financial_status")), PENDING),
        cancelled=body.get("cancelled_at") is not None,
        buyer=_buyer(body),
        lines=[line for one in body["line_items"] if (line := _line(one, currency, removed)).quantity],
        refunds=[_refund(one, currency) for one in refunds],
        cart=line_of(body.get("checkout_token")),
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
            sku=sku_of(one.get("sku")),
            name=line_of(body["title"] if title in {"", "Default Title"} else f"{body['title']} {title}"),
            price_minor=max(0, minor(one.get("price"), currency)),
            currency=currency,
            stock=int(one["inventory_quantity"]) if counted else None,
            at=moment_of(body["updated_at"]),
        )


def _line(one: Json, currency: str, removed: Mapping[str, int]) -> ArrivingLine:
    number = number_of(one["id"])
    quantity = max(0, count(one["quantity"]) - removed.get(number, 0))
    waiting = count(one["fulfillable_quantity"]) if one.get("fulfillable_quantity") is not None else quantity
    return ArrivingLine(
        outside_id=number,
        sku=sku_of(one.get("sku")),
        name=line_of(one.get("name") or one.get("title")) or number,
        quantity=quantity,
        price_minor=max(0, minor(one.get("price"), currency)),
        shipped=max(0, quantity - waiting),
    )


def _refund(one: Json, currency: str) -> ArrivingRefund:
    paid = [part for part in one.get("transactions") or () if part.get("kind") == "refund"]
    amounts = (minor(part.get("amount"), currency) for part in paid if part.get("status") in {None, "success"})
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
