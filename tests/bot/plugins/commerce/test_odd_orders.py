"""Take in what shops really send besides the plain order: odd payments, edits, shipments, buyers and products."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.plugins.commerce.intake import goods, shopify, taking, woocommerce
from bot.plugins.commerce.products import Product
from bot.plugins.commerce.sales import GoodsReturn, OrderLine, SalesOrder, lines_of
from storage.crm.contacts import Contact
from storage.workspace.workspaces import Workspace

Json = dict[str, Any]
FIRST, LATER, LAST = (f"2026-11-{day}T10:00:00-05:00" for day in (20, 21, 22))


def line(
    number: int = 1, quantity: int = 2, waiting: int | None = None, current: int | None = None, **more: Any
) -> Json:
    return {
        "id": number,
        "sku": "MUG-1",
        "name": "Mug",
        "quantity": quantity,
        "current_quantity": quantity if current is None else current,
        "fulfillable_quantity": quantity if waiting is None else waiting,
        "price": "12.50",
        "requires_shipping": True,
        "gift_card": False,
        "product_exists": True,
        **more,
    }


def body(*lines: Json, at: str = FIRST, sent: Mapping[int, int] | None = None, **more: Any) -> Json:
    shipment = [
        {"id": 5, "status": "success", "line_items": [{"id": k, "quantity": n} for k, n in (sent or {}).items()]}
    ]
    return {
        "id": 820982911946154508,
        "name": "#1071",
        "email": "jane@doe.example",
        "created_at": FIRST,
        "updated_at": at,
        "cancelled_at": None,
        "currency": "EUR",
        "presentment_currency": "EUR",
        "total_price": "25.00",
        "current_total_price": "25.00",
        "total_discounts": "0.00",
        "total_tax": "0.00",
        "taxes_included": False,
        "financial_status": "paid",
        "test": False,
        "customer": None,
        "billing_address": None,
        "line_items": list(lines or (line(),)),
        "fulfillments": shipment if sent else [],
        "refunds": [],
        **more,
    }


def refund(amount: str = "", back: str = "", quantity: int = 1, **of: Any) -> Json:
    goods_back = [{"line_item_id": 1, "quantity": quantity, "restock_type": back}] if back else []
    paid = [{"kind": "refund", "status": "success", "amount": amount, "currency": "EUR", **of}] if amount else []
    return {"id": 9, "created_at": LATER, "note": None, "transactions": paid, "refund_line_items": goods_back}


def mugs(session: Session, stock: int = 10) -> Product:
    return Product.new(session, name="Mug", sku="MUG-1", price_minor=1_250, currency="EUR", stock=stock)


ODD = {
    # The order; its total, refunded, payment, fulfilment, (quantity, shipped) of each line; what is in stock, reserved
    "free": (body(total_price="0.00", total_discounts="25.00"), 0, 0, "paid", "unfulfilled", [(2, 0)], (10, 2)),
    "a gift card is sent at once": (
        body(line(gift_card=True, requires_shipping=False, waiting=0, sku=""), sent={1: 2}),
        2_500, 0, "paid", "shipped", [(2, 2)], (10, 0),
    ),
    "a tip never waits": (
        body(line(), line(2, 1, 0, sku=None, name="Tip", price="3.00"), sent={1: 2}) | {"line_items": [
            line(waiting=0), line(2, 1, 0, sku=None, name="Tip", price="3.00")]},
        2_500, 0, "paid", "shipped", [(2, 2), (1, 1)], (8, 0),
    ),
    "in part sent": (body(line(waiting=1), sent={1: 1}), 2_500, 0, "paid", "partly", [(2, 1)], (9, 1)),
    "a shipment called off is none": (
        body(fulfillments=[{"status": "cancelled", "line_items": [{"id": 1, "quantity": 2}]}]),
        2_500, 0, "paid", "unfulfilled", [(2, 0)], (10, 2),
    ),
    "taken out before it was paid": (
        body(line(current=1, waiting=1), current_total_price="12.50", refunds=[refund(back="cancel")]),
        1_250, 0, "paid", "unfulfilled", [(1, 0)], (10, 1),
    ),
    "taken out and paid back, not restocked": (
        body(line(current=1, waiting=1), current_total_price="12.50", refunds=[refund("12.50", "no_restock")],
             financial_status="partially_refunded"),
        2_500, 1_250, "partly refunded", "unfulfilled", [(1, 0)], (10, 1),
    ),
    "one sent back, one still to be sent": (
        body(line(current=1, waiting=1), sent={1: 1}, current_total_price="12.50",
             refunds=[refund("12.50", "return")], financial_status="partially_refunded"),
        2_500, 1_250, "partly refunded", "partly", [(2, 1)], (10, 1),
    ),
    "cancelled keeps its lines": (
        body(line(current=0, waiting=0), cancelled_at=LATER, current_total_price="0.00",
             refunds=[refund("25.00", "cancel", 2)], financial_status="refunded"),
        2_500, 2_500, "refunded", "unfulfilled", [(2, 0)], (10, 0),
    ),
    "cancelled before it was paid": (
        body(line(current=0, waiting=0), cancelled_at=LATER, current_total_price="0.00", financial_status="voided"),
        2_500, 0, "pending", "unfulfilled", [(2, 0)], (10, 0),
    ),
    "paid back in the buyer's currency": (
        body(financial_status="partially_refunded", refunds=[refund("2000", currency="JPY")],
             total_price_set={"shop_money": {"amount": "25.00", "currency_code": "EUR"},
                              "presentment_money": {"amount": "4000", "currency_code": "JPY"}}),
        2_500, 1_250, "partly refunded", "unfulfilled", [(2, 0)], (10, 2),
    ),
    "a refund that failed is none": (
        body(refunds=[refund("25.00", status="failure")]), 2_500, 0, "paid", "unfulfilled", [(2, 0)], (10, 2),
    ),
    "its product is deleted": (
        body(line(product_exists=False, sku="GONE")), 2_500, 0, "paid", "unfulfilled", [(2, 0)], (10, 0),
    ),
    "an authorised payment that ran out": (
        body(financial_status="expired"), 2_500, 0, "pending", "unfulfilled", [(2, 0)], (10, 2),
    ),
}  # fmt: skip


@pytest.mark.parametrize("what", ODD)
def test_an_odd_order_of_shopify_ends_right_whether_it_comes_first_so_or_was_plain_before(
    session: Session, what: str
) -> None:
    came, total, refunded, payment, fulfilment, lines, shelf = ODD[what]
    for before in (False, True):
        mug = session.scalars(select(Product)).one_or_none() or mugs(session)
        mug.stock, mug.reserved = 10, 0
        own = {"id": came["id"] + before}
        if before:
            plain = [line(one["id"], one["quantity"], sku=one["sku"]) for one in came["line_items"]]
            taking.take(session, shopify.order(body(*plain) | own))
        for _again in range(2):
            order = taking.take(session, shopify.order(came | own | {"updated_at": LATER}))
            session.refresh(mug)
            assert (order.total_minor, order.refunded_minor, order.payment) == (total, refunded, payment), before
            assert order.fulfilment == fulfilment, before
            assert [(one.quantity, one.shipped) for one in lines_of(session, order)] == lines, before
            assert (mug.stock, mug.reserved) == shelf, before


def test_shipping_and_tax_in_the_prices_are_told(session: Session) -> None:
    shipping: Json = {"total_shipping_price_set": {"shop_money": {"amount": "4.90", "currency_code": "EUR"}}}
    order = taking.take(session, shopify.order(body(total_tax="4.77", taxes_included=True, **shipping)))
    assert (order.shipping_minor, order.tax_minor, order.tax_included) == (490, 477, True)
    lines = [{"price": "3.00"}, {"price": "1.90"}]
    assert shopify.order(body(shipping_lines=lines)).shipping_minor == 490


def test_who_leaves_no_address_is_named_and_a_number_that_is_none_costs_nobody(session: Session) -> None:
    guest = {"email": "", "customer": {"first_name": "Jane", "last_name": "Doe", "email": None, "phone": "+15550100"}}
    order = taking.take(session, shopify.order(body() | guest))
    assert order.contact_id is None and order.name == "#1071 Jane Doe 2 Mug"
    for number, (phone, kept) in enumerate((("+1 555 0100", True), ("ask at the door", False)), start=1):
        who = {"id": number, "email": f"j{number}@doe.example", "phone": phone}
        order = taking.take(session, shopify.order(body() | who))
        person = session.get_one(Contact, (order.workspace_id, order.contact_id))
        assert bool(person.phone) is kept


@pytest.mark.parametrize(
    ("topic", "sent"),
    [
        ("orders/edited", {"order_edit": {"id": 78912328793, "order_id": 820982911946154508, "line_items": {}}}),
        ("orders/risk_assessment_changed", {"order_id": 820982911946154508, "provider_id": 1}),
        ("orders/create", body(test=True)),
        ("refunds/create", {"id": 9, "order_id": 820982911946154508}),
        ("customers/redact", {"shop_id": 1}),
        ("products/delete", {"id": 788032119674292922}),
        ("orders/delete", {"id": 1}),
    ],
)
def test_what_is_no_order_of_a_buyer_is_passed_by(session: Session, topic: str, sent: Json) -> None:
    shopify.take({"x-shopify-topic": topic}, sent, session, session.scalars(select(Workspace)).one())
    assert session.scalars(select(SalesOrder)).all() == []


WOO = {
    "id": 727,
    "number": "727",
    "status": "processing",
    "currency": "EUR",
    "date_created_gmt": "2026-11-20T10:00:00",
    "date_modified_gmt": "2026-11-20T10:00:00",
    "date_paid_gmt": None,
    "prices_include_tax": True,
    "discount_total": "5.00",
    "shipping_total": "4.00",
    "total": "28.56",
    "total_tax": "4.56",
    "billing": {"first_name": "Jane", "last_name": "Doe", "company": "", "email": "", "phone": ""},
    # Of two at 12.50 five are taken off: the price of one is what is left of it, the subtotal what it was.
    "line_items": [{"id": 1, "name": "Mug", "sku": "MUG-1", "quantity": 2, "price": 10, "subtotal": "25.00"}],
    "fee_lines": [{"id": 4, "name": "Wrap", "total": "1.00"}, {"id": 5, "name": "Loyal", "total": "-1.00"}],
    "refunds": [],
}


def test_the_parts_of_an_order_of_woocommerce_come_to_its_total(session: Session) -> None:
    order = taking.take(session, woocommerce.order(WOO))
    (mug,) = lines_of(session, order)
    assert (mug.price_minor, order.shipping_minor, order.tax_included) == (1_250, 400, False)
    gross = mug.price_minor * mug.quantity
    assert gross - order.discount_minor + order.shipping_minor + order.tax_minor == order.total_minor
    assert order.name == "#727 Jane Doe 2 Mug"


def test_an_order_that_failed_was_trashed_or_deleted_stands_again_once_its_shop_says_so(session: Session) -> None:
    mug = mugs(session)
    workspace = session.scalars(select(Workspace)).one()

    def says(topic: str, **changed: Any) -> tuple[str, bool, int, int]:
        woocommerce.take({"x-wc-webhook-topic": topic}, WOO | changed, session, workspace)
        order = session.scalars(select(SalesOrder)).one()
        session.refresh(mug)
        held = sum(one.held for one in session.scalars(select(OrderLine)))
        return order.lifecycle, order.archived_at is not None, mug.reserved, held

    assert says("order.created", status="failed") == ("cancelled", False, 0, 0)
    assert says("order.updated", date_modified_gmt="2026-11-21T10:00:00") == ("open", False, 2, 2)
    assert says("order.deleted") == ("cancelled", True, 0, 0)
    # What was said before it went comes late.
    assert says("order.updated", date_modified_gmt="2026-11-21T11:00:00") == ("cancelled", True, 0, 0)
    assert says("order.restored", date_modified_gmt="2999-11-21T11:00:00") == ("open", False, 2, 2)


def test_a_product_that_its_shop_deletes_is_archived_with_its_variants_until_it_is_restored(session: Session) -> None:
    workspace = session.scalars(select(Workspace)).one()
    variants = [{"sku": sku, "title": sku, "price": "20"} for sku in ("TEE-S", "TEE-M")]
    tee = {"id": 7, "title": "Tee", "updated_at": FIRST, "variants": variants}
    shopify.take({"x-shopify-topic": "products/create"}, tee, session, workspace)
    shopify.take(
        {"x-shopify-topic": "products/create"}, tee | {"id": 8, "variants": [{"sku": "X"}]}, session, workspace
    )
    shopify.take({"x-shopify-topic": "products/delete"}, {"id": 7}, session, workspace)
    gone = {one.sku for one in session.scalars(select(Product)) if one.archived_at is not None}
    assert gone == {"TEE-S", "TEE-M"}
    came = {"id": 9, "sku": "BAG", "name": "Bag", "price": "", "date_modified_gmt": FIRST, "manage_stock": False}
    for topic, archived in (("created", False), ("deleted", True), ("updated", True), ("restored", False)):
        woocommerce.take({"x-wc-webhook-topic": f"product.{topic}"}, came, session, workspace)
        bag = session.scalars(select(Product).where(Product.sku == "BAG")).one()
        assert (bag.archived_at is not None) is archived, topic
    goods.product_gone(session, "woocommerce", "404")


def test_goods_that_never_left_do_not_come_back(session: Session) -> None:
    mugs(session)
    taking.take(session, shopify.order(body(refunds=[refund("12.50", "return")])))
    assert session.scalars(select(GoodsReturn)).all() == []
