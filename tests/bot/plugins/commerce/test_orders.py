"""Show the shop as a rep uses it: products, an order, its card, its buttons and undo."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from bot.plugins.commerce.carts import Cart
from bot.plugins.commerce.reviews import Review
from bot.plugins.commerce.sales import SalesOrder
from bot.testing import Company
from storage.records.paging import Order


def plain(text: str) -> str:
    return " ".join(text.replace("*", "").replace("`", "").split())


def test_a_rep_sells_from_the_shelf(company: Company) -> None:
    rep = company.rep

    def said(typed: str) -> str:
        return plain(rep.types(typed).text)

    rep.types("/customer add Harbor Lines")
    assert "S-1" in said("/crm product add Mug sku:MUG-1 price:12.50 stock:5")
    rep.types("/crm product add Hat sku:HAT-1 price:20 stock:1")
    placed = said("/crm order add harbor MUG-1:2 HAT-1:1 tax:19")
    assert "O-1" in placed and "53.55" in placed and "unfulfilled" in placed
    assert "Only 0 of Hat are left" in said("/crm order add harbor HAT-1:1")
    assert "1 order that stands, $53.55" in said("/customer show harbor")
    rep.types("/crm product edit HAT-1 stock:3")
    said("/crm order add harbor HAT-1:1 name:Afterwards")
    listed = said("/crm order list")
    assert listed.index("O-2") < listed.index("O-1"), "the newest first"
    rep.types("/crm order cancel O-2")
    rep.types("/crm order show O-1")
    rep.clicks("Ship")
    assert "shipped" in said("/crm order show O-1")
    assert "Stock 3" in said("/crm product show S-1")


def test_what_comes_back_and_what_is_paid_back_are_two_things(company: Company) -> None:
    rep = company.rep

    def said(typed: str) -> str:
        return plain(rep.types(typed).text)

    rep.types("/crm contact add Jane Doe email:jane@doe.example")
    rep.types("/crm product add Mug sku:MUG-1 price:12.50 stock:5")
    assert "Jane Doe" in said('/crm order add "jane doe" mug-1:2 name:PO-17 discount:2.50')
    assert "is not paid yet" in said("/crm order refund O-1")
    assert "is with the customer" in said("/crm order return O-1")
    rep.types("/crm order ship O-1")
    assert "Payment paid" in said("/crm order paid O-1")
    assert "partly refunded" in said("/crm order refund O-1 amount:5 reason:late")
    assert "can be paid back" in said("/crm order refund O-1 amount:17.51")
    assert "is in USD" in said("/crm order refund O-1 amount:1€")
    back = said('/crm order return O-1 MUG-1:1 reason:"too small"')
    assert "1 Mug comes back" in back and "(too small)" in back and "$5 paid back" in back
    assert "Stock 3" in said("/crm product show S-1")
    assert "1 Mug is back" in said("/crm order received O-1")
    assert "Stock 4" in said("/crm product show MUG-1")
    assert "O-1" in said("/crm contact show jane") and "1 order that stands" in said("/crm contact show jane")
    rep.types("/crm O-1")
    rep.clicks("Refund")
    rep.submits(Amount="17.50", Reason="never mind")
    rep.sees("(never mind)")
    assert "Payment refunded" in said("/crm O-1")
    rep.types("/crm undo")
    assert "partly refunded" in said("/crm O-1")
    assert "Payment" in said("/crm order history O-1")


def test_a_bare_amount_is_in_the_currency_of_the_order_and_another_is_refused(company: Company) -> None:
    rep = company.rep

    def said(typed: str) -> str:
        return plain(rep.types(typed).text)

    rep.types("/customer add Harbor Lines")
    rep.types("/crm product add Tea sku:TEA-1 price:5 GBP stock:5")
    assert "is in GBP, and so is its discount" in said("/crm order add harbor TEA-1 discount:1 EUR")
    assert "There is no product with the SKU TEA-2. /crm product list" in said("/crm order add harbor TEA-2")
    assert "£4" in said("/crm order add harbor TEA-1 discount:1")
    assert "£9" in said("/crm order add harbor TEA-1:2 discount:1 GBP")
    rep.types("/crm order paid O-1")
    assert "O-1 is in GBP" in said("/crm order refund O-1 amount:1 EUR")
    assert "Up to 4.00 GBP can be paid back" in said("/crm order refund O-1 amount:0")
    assert "£1 paid back" in said("/crm order refund O-1 amount:1 GBP reason:late")


def test_the_form_of_an_order_takes_its_lines_once(company: Company) -> None:
    rep = company.rep
    rep.types("/customer add Harbor Lines")
    rep.types("/crm product add Mug sku:MUG-1 price:12.50 stock:5")
    rep.types("/crm product add Red Mug sku:MUG-RED price:13 stock:2 variant-of:MUG-1")
    assert "MUG-RED" in plain(rep.types("/crm product show MUG-1").text)
    rep.types("/crm order")
    rep.submits(Lines="MUG-1:1 NOSUCH:2")
    rep.sees("There is no product with the SKU NOSUCH.")
    rep.submits(Lines="MUG-1:1 MUG-RED:2")
    rep.sees("1 Mug, 2 Red Mug")
    assert "stays as it was" in rep.types("/crm order edit O-1 lines:MUG-1:5").text
    assert "O-1" in rep.types("/crm order list fulfilment:unfulfilled total>10").text
    assert "still to be shipped" in rep.types("/crm order archive O-1").text
    assert "MUG-1 already" not in rep.types("/crm product add Cup sku:mug-1 price:1").text


@pytest.mark.parametrize(
    ("at", "index"),
    [
        (SalesOrder.placed_at, "orders_placed_idx"),
        (Cart.created_at, "cart_created_idx"),
        (Review.created_at, "review_created_idx"),
    ],
)
@pytest.mark.parametrize("back", [False, True])
def test_a_list_is_read_from_its_index(session: Session, at: Any, index: str, back: bool) -> None:
    number = at.class_.id
    ends = [Order(column, True).clause(back=back) for column in (at, number)]
    session.execute(text("SET LOCAL enable_seqscan = off"))
    asked = select(number).order_by(*ends).limit(20).compile(compile_kwargs={"literal_binds": True})
    plan = "\n".join(session.scalars(text(f"EXPLAIN {asked}")))
    assert index in plan and "Sort" not in plan, plan
