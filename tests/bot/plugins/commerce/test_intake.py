"""Take in what Shopify and WooCommerce send over the wire: signed, once, in whichever order, and nothing else."""

from __future__ import annotations

import base64
import hashlib
import hmac
import itertools
import json
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib import request
from urllib.error import HTTPError

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.plugins.commerce.carts import Cart
from bot.plugins.commerce.products import Product
from bot.plugins.commerce.sales import OrderLine, SalesOrder
from bot.testing import Company
from storage.crm.contacts import Contact

SECRET = "shpss_not_told"
DELIVERIES = itertools.count(1)
Sends = Callable[..., int]


def sends(company: Company, path: str, headers: Mapping[str, str], raw: bytes) -> int:
    """Post a body as a shop does, and return the status of the answer."""
    url = f"http://127.0.0.1:{company.bot.port}/api/v1/hooks/{company.workspace}/commerce/{path}"
    asked = request.Request(url, raw, {"content-type": "application/json", **headers})
    try:
        with request.urlopen(asked, timeout=60) as answer:
            return int(answer.status)
    except HTTPError as refused:
        return refused.code


def signature(raw: bytes, secret: str = SECRET) -> str:
    return base64.b64encode(hmac.new(secret.encode(), raw, hashlib.sha256).digest()).decode()


@pytest.fixture
def shopify(company: Company) -> Sends:
    """Send what Shopify does, signed, each time with a number of its own."""
    company.admin.types(f"/crm settings commerce shopify:{SECRET}")

    def send(topic: str, body: Mapping[str, Any], *, number: str = "", secret: str = SECRET) -> int:
        raw = json.dumps(body).encode()
        headers = {
            "X-Shopify-Topic": topic,
            "X-Shopify-Hmac-Sha256": signature(raw, secret),
            "X-Shopify-Webhook-Id": number or f"w{next(DELIVERIES)}",
        }
        return sends(company, "shopify", headers, raw)

    return send


@pytest.fixture
def woo(company: Company) -> Sends:
    """Send what WooCommerce does, signed."""
    company.admin.types(f"/crm settings commerce woocommerce:{SECRET}")

    def send(topic: str, body: Mapping[str, Any]) -> int:
        raw = json.dumps(body).encode()
        headers = {"X-WC-Webhook-Topic": topic, "X-WC-Webhook-Signature": signature(raw)}
        return sends(company, "woocommerce", headers | {"X-WC-Webhook-Delivery-ID": f"d{next(DELIVERIES)}"}, raw)

    return send


@pytest.fixture
def looks(company: Company) -> Iterator[Callable[[], Session]]:
    """Open a transaction that sees what is there now."""
    opened: list[Any] = []

    def look() -> Session:
        opened.append(company.bot.database.transaction(company.workspace))
        session: Session = opened[-1].__enter__()
        return session

    yield look
    for one in opened:
        one.__exit__(None, None, None)


def an_order(**changed: Any) -> dict[str, Any]:
    return {
        "id": 450789469,
        "name": "#1001",
        "email": "jane@doe.example",
        "created_at": "2026-11-20T10:00:00-05:00",
        "updated_at": "2026-11-20T10:00:00-05:00",
        "currency": "EUR",
        "total_price": "32.50",
        "total_discounts": "0.00",
        "total_tax": "5.19",
        "financial_status": "paid",
        "fulfillment_status": None,
        "checkout_token": "tok-1",
        "customer": {"id": 7, "first_name": "Jane", "last_name": "Doe", "email": "jane@doe.example"},
        "line_items": [
            {"id": 1, "sku": "MUG-1", "name": "Mug", "quantity": 2, "price": "12.50", "fulfillable_quantity": 2},
            {"id": 2, "sku": "", "name": "Gift <!channel> *wrap*", "quantity": 1, "price": "7.50"},
        ],
        "refunds": [],
        **changed,
    }


def test_an_order_of_shopify_comes_in_once_and_follows_the_newest(
    company: Company, shopify: Sends, looks: Callable[[], Session]
) -> None:
    company.rep.types("/crm product add Mug sku:MUG-1 price:12.50 EUR stock:5")
    assert shopify("orders/create", an_order(), number="w-first") == 200
    assert shopify("orders/create", an_order(), number="w-first") == 200
    card = company.rep.types("/crm O-1").text
    assert "€32.50" in card and "Gift" in card and "paid" in card and "shopify 450789469" in card
    shipped = [{**one, "fulfillable_quantity": 0} for one in an_order()["line_items"]]
    later = an_order(updated_at="2026-11-21T09:00:00-05:00", line_items=shipped, financial_status="partially_refunded")
    later["refunds"] = [
        {
            "id": 9,
            "created_at": "2026-11-21T09:00:00-05:00",
            "note": "broken",
            "transactions": [{"kind": "refund", "status": "success", "amount": "12.50"}],
            "refund_line_items": [{"line_item_id": 1, "quantity": 1, "restock_type": "return"}],
        }
    ]
    assert shopify("orders/updated", later) == shopify("refunds/create", {"id": 9, "order_id": 450789469}) == 200
    assert shopify("orders/updated", an_order(financial_status="pending")) == 200  # older, so passed by
    assert shopify("orders/updated", later) == 200
    session = looks()
    (order,) = session.scalars(select(SalesOrder))
    assert (order.payment, order.fulfilment, order.refunded_minor) == ("partly refunded", "shipped", 1_250)
    (person,) = session.scalars(select(Contact))
    assert (person.name, person.email, order.contact_id) == ("Jane Doe", "jane@doe.example", person.id)
    (mug,) = session.scalars(select(Product))
    assert (mug.stock, mug.reserved) == (4, 0)  # two left, one came back


def test_what_is_not_signed_is_not_taken(company: Company, shopify: Sends, looks: Callable[[], Session]) -> None:
    raw = json.dumps(an_order()).encode()
    assert shopify("orders/create", an_order(), secret="another") == 401
    assert sends(company, "shopify", {"X-Shopify-Topic": "orders/create"}, raw) == 401
    signed = {"X-Shopify-Topic": "orders/create", "X-Shopify-Hmac-Sha256": signature(raw)}
    assert sends(company, "shopify", signed, raw + b" ") == 401
    assert sends(company, "nowhere", signed, raw) == 404
    assert sends(company, "woocommerce", {"X-WC-Webhook-Signature": signature(raw, "")}, raw) == 401
    assert sends(company, "../../../*/commerce/shopify", signed, raw) == 404
    assert shopify("orders/create", {"id": 1, "currency": "EUR"}) == 422
    assert shopify("orders/create", an_order(total_price="9" * 40)) == 422
    assert shopify("orders/create", an_order(line_items="x")) == 422
    assert looks().scalars(select(SalesOrder)).all() == []


def test_the_secret_is_shown_to_nobody_and_comes_back_with_an_undo(company: Company, shopify: Sends) -> None:
    admin = company.admin
    for typed in ("/crm settings commerce", "/crm settings commerce shopify:other", "/crm history", "/crm audit"):
        said = admin.types(typed).text
        assert SECRET not in said and "other" not in said.replace("another", ""), typed
    assert shopify("orders/create", an_order()) == 401
    admin.types("/crm undo")
    assert shopify("orders/create", an_order()) == 200
    admin.types("/crm settings commerce shopify:default")
    assert shopify("orders/create", an_order()) == 401


def test_a_shop_may_sell_more_than_there_is_and_the_shelf_never_lies(
    company: Company, shopify: Sends, looks: Callable[[], Session]
) -> None:
    company.rep.types("/crm product add Mug sku:MUG-1 price:12.50 EUR stock:1")
    assert shopify("orders/create", an_order()) == 200
    assert "Only 0 of Mug are left" in company.rep.types("/crm order add P-1 MUG-1").text
    assert "Only 1 of Mug are on the shelf" in company.rep.types("/crm order ship O-1").text
    company.rep.types("/crm product edit MUG-1 stock:3")
    assert "Shipped." in company.rep.types("/crm order ship O-1").text
    session = looks()
    mug = session.scalars(select(Product)).one()
    assert (mug.stock, mug.reserved) == (1, 0)
    assert [one.held for one in session.scalars(select(OrderLine))] == [0, 0]
    cancelled = an_order(id=2, updated_at="2026-11-22T09:00:00-05:00")
    assert shopify("orders/create", cancelled) == 200
    cancelled |= {"updated_at": "2026-11-23T09:00:00-05:00", "cancelled_at": "2026-11-23T09:00:00-05:00"}
    assert shopify("orders/cancelled", cancelled) == 200
    session = looks()
    mug = session.scalars(select(Product)).one()
    assert (mug.stock, mug.reserved) == (1, 0)


def test_products_of_a_shop_are_mirrored_and_ordered_there(company: Company, shopify: Sends) -> None:
    variant = {"sku": "TEE S", "title": "S", "price": "20", "inventory_management": "shopify", "inventory_quantity": -2}
    product = {"title": "Tee", "updated_at": "2026-11-20T10:00:00Z", "variants": [variant]}
    assert shopify("products/create", product) == 200
    shown = company.rep.types("/crm product show tee-s").text
    assert "Tee S" in shown and "in the shop alone" in shown
    assert "The shop keeps the stock of Tee S" in company.rep.types("/crm product edit TEE-S stock:3").text
    company.rep.types("/customer add Harbor Lines")
    assert "order it there" in company.rep.types("/crm order add harbor TEE-S").text


def test_an_order_of_woocommerce_comes_in_and_a_draft_does_not(
    company: Company, woo: Sends, looks: Callable[[], Session]
) -> None:
    company.rep.types("/customer add Doe Ltd")
    body: dict[str, Any] = {
        "id": 727,
        "number": "727",
        "status": "checkout-draft",
        "currency": "EUR",
        "date_created_gmt": "2026-11-20T10:00:00",
        "date_modified_gmt": "2026-11-20T10:00:00",
        "discount_total": "1.00",
        "total": "29.35",
        "total_tax": "1.35",
        "billing": {"first_name": "Jane", "last_name": "Doe", "company": "doe ltd", "email": "jane@doe.example"},
        "line_items": [{"id": 315, "name": "Woo", "sku": "WOO-1", "quantity": 2, "price": 14.5}],
        "refunds": [],
    }
    assert sends(company, "woocommerce", {"content-type": "application/x-www-form-urlencoded"}, b"webhook_id=9") == 200
    assert woo("order.created", body) == 200
    assert looks().scalars(select(SalesOrder)).all() == []
    assert woo("order.updated", body | {"status": "processing"}) == 200
    assert "Orders" in company.rep.types("/customer show doe").text
    done = body | {
        "status": "completed",
        "date_modified_gmt": "2026-11-21T10:00:00",
        "refunds": [{"id": 1, "total": "-5"}],
    }
    assert woo("order.updated", done) == 200
    (order,) = looks().scalars(select(SalesOrder))
    assert (order.payment, order.fulfilment, order.total_minor, order.refunded_minor) == (
        "partly refunded",
        "shipped",
        2_935,
        500,
    )
    assert woo("order.deleted", {"id": 727}) == 200
    (order,) = looks().scalars(select(SalesOrder))
    assert order.lifecycle == "cancelled" and order.archived_at is not None


def test_a_checkout_is_a_cart_until_its_order_comes(
    company: Company, shopify: Sends, looks: Callable[[], Session]
) -> None:
    checkout = {
        "token": "tok-1",
        "updated_at": "2026-11-20T09:00:00-05:00",
        "completed_at": None,
        "currency": "EUR",
        "total_price": "32.50",
        "email": "jane@doe.example",
        "abandoned_checkout_url": "https://shop.example/recover/1",
        "line_items": [{"title": "Mug", "quantity": 2}],
    }
    assert shopify("checkouts/create", checkout) == 200
    assert looks().scalars(select(Cart.state)).one() == "open"
    assert shopify("orders/create", an_order()) == 200
    (cart,) = looks().scalars(select(Cart))
    assert (cart.state, cart.order_id, cart.items) == ("completed", 1, "2 Mug")
