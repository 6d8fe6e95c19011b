"""Take in what WooCommerce's webhooks send: orders and products, as its REST API has them."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal

from sqlalchemy.orm import Session

from bot.plugins.commerce import plugin
from bot.plugins.commerce.intake import arriving, goods, taking
from bot.plugins.commerce.intake.arriving import (
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
from bot.plugins.commerce.sales import PAID, PARTLY_REFUNDED, PENDING, REFUNDED
from bot.plugins.commerce.settings import MIRRORED, STOCK, WOOCOMMERCE
from storage.workspace.workspaces import Workspace

SOURCE = "woocommerce"
DRAFTS = frozenset({"checkout-draft", "auto-draft"})
"""What WooCommerce keeps while somebody fills in a checkout: these are no orders."""
PAYMENTS = {"processing": PAID, "completed": PAID, "refunded": REFUNDED}
OVER = frozenset({"cancelled", "failed", "trash"})
"""What does not stand; one whose payment has failed stands again once the buyer tries again."""


def is_signed(session: Session, headers: Mapping[str, str], raw: bytes) -> bool:
    """Tell whether WooCommerce signed it with the secret of this workspace."""
    return arriving.signed(WOOCOMMERCE.of(session), raw, headers.get("x-wc-webhook-signature", ""))


def is_ping(headers: Mapping[str, str], raw: bytes) -> bool:
    """Tell whether it is what WooCommerce sends, unsigned, when a webhook is made, to know that somebody is here."""
    return "x-wc-webhook-topic" not in headers and raw.startswith(b"webhook_id=") and len(raw) < 40


@plugin.hook("woocommerce", signed=is_signed, once="X-WC-Webhook-Delivery-ID", ping=is_ping)
def take(headers: Mapping[str, str], body: Json, session: Session, workspace: Workspace) -> None:
    """Take in an order or a product of WooCommerce's; pass drafts and other topics by."""
    what, _, happened = headers.get("x-wc-webhook-topic", "").partition(".")
    with reading(what or "message"):
        match what, happened:
            case "order", "deleted":
                taking.gone(session, SOURCE, number_of(body["id"]))
            case "order", _ if body.get("status") not in DRAFTS:
                taking.take(session, order(body))
            case "product", "deleted":
                goods.product_gone(session, SOURCE, number_of(body["id"]))
            case "product", "created" | "updated" | "restored":
                came, mirrored = product(body, workspace.currency), STOCK.of(session) == MIRRORED
                goods.take_product(session, came, mirrored=mirrored, restored=happened == "restored")


def order(body: Json) -> ArrivingOrder:
    """Return an order as WooCommerce tells it."""
    currency, status = str(body["currency"]), str(body["status"])
    refunds = [_refund(one, body, currency) for one in body.get("refunds") or ()]
    payment = PAYMENTS.get(status, PAID if body.get("date_paid_gmt") else PENDING)
    if payment == PAID and any(one.amount_minor for one in refunds):
        payment = PARTLY_REFUNDED
    who = body.get("billing") or {}
    return ArrivingOrder(
        source=SOURCE,
        outside_id=number_of(body["id"]),
        number=f"#{line_of(body.get('number') or body['id'])}",
        at=moment_of(body["date_modified_gmt"]),
        placed_at=moment_of(body["date_created_gmt"]),
        currency=currency,
        total_minor=max(0, minor(body["total"], currency)),
        discount_minor=max(0, minor(body.get("discount_total"), currency)),
        tax_minor=max(0, minor(body.get("total_tax"), currency)),
        payment=payment,
        cancelled=status in OVER,
        buyer=Buyer(
            name=named(who.get("first_name"), who.get("last_name")),
            email=line_of(who.get("email")),
            phone=line_of(who.get("phone")),
            company=line_of(who.get("company")),
        ),
        lines=[line for one in body["line_items"] if (line := _line(one, currency, status)).quantity],
        refunds=refunds,
        shipping_minor=max(0, minor(body.get("shipping_total"), currency) + _fees(body, currency)),
    )


def product(body: Json, currency: str) -> ArrivingProduct:
    """Return a product as WooCommerce tells it; it names no currency there."""
    counted = body.get("manage_stock") and body.get("stock_quantity") is not None
    return ArrivingProduct(
        source=SOURCE,
        outside_id=line_of(body.get("id")),
        sku=sku_of(body.get("sku")),
        name=line_of(body["name"]) or line_of(body["sku"]),
        price_minor=max(0, minor(body.get("price"), currency)),
        currency=currency,
        stock=int(body["stock_quantity"]) if counted else None,
        at=moment_of(body["date_modified_gmt"]),
    )


def _line(one: Json, currency: str, status: str) -> ArrivingLine:
    quantity = count(one["quantity"])
    # `price` is what is left after the discount, which is told for the whole order; the rest is rounded away there.
    before = one.get("subtotal")
    price = Decimal(str(before)) / quantity if before not in {None, ""} and quantity else one.get("price")
    return ArrivingLine(
        outside_id=number_of(one["id"]),
        sku=sku_of(one.get("sku")),
        name=line_of(one.get("name")) or number_of(one["id"]),
        quantity=quantity,
        price_minor=max(0, minor(price, currency)),
        # An order that is complete has left; before, WooCommerce itself knows of no parts.
        shipped=quantity if status == "completed" else 0,
    )


def _fees(body: Json, currency: str) -> int:
    return sum(minor(one.get("total"), currency) for one in body.get("fee_lines") or ())


def _refund(one: Json, body: Json, currency: str) -> ArrivingRefund:
    # Refunds stand in an order with neither a time nor the goods that came back.
    return ArrivingRefund(
        outside_id=number_of(one["id"]),
        amount_minor=abs(minor(one.get("total"), currency)),
        at=moment_of(body["date_modified_gmt"]),
        reason=line_of(one.get("reason")),
    )
