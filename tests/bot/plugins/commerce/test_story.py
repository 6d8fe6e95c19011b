"""Walk a month of a shop over the wire as those who work in it do, and as those who may not."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from sqlalchemy import select, update

from bot.plugins.commerce.carts import Cart
from bot.plugins.commerce.products import Product
from bot.plugins.commerce.sales import SalesOrder
from bot.testing import Company
from storage.support.tickets import Ticket

CHANGES = (
    "product add Hat sku:HAT-1 price:20",
    "product edit MUG-1 stock:900",
    "order add harbor MUG-1:1",
    "order ship O-2",
    "order paid O-2",
    "order cancel O-2",
    "order return O-1",
    "order received O-1",
    "order refund O-1 amount:1",
    "order delivered O-1",
    "order edit O-1 name:Mine",
    "cart add Jane total:5",
    "cart complete CT-1",
    "review add Fine stars:5",
    "review answer RV-1 thanks",
)
READS = ("order list", "O-1", "product list", "product show MUG-1", "cart list", "review list", "order history O-1")


def plain(text: str) -> str:
    return " ".join(text.replace("*", "").replace("`", "").split())


def told(company: Company) -> tuple[object, ...]:
    """Return what there is of the shop."""
    with company.database.transaction(company.workspace) as session:
        orders = session.execute(
            select(SalesOrder.id, SalesOrder.version, SalesOrder.fulfilment, SalesOrder.payment).order_by(SalesOrder.id)
        ).all()
        return (*orders, *session.execute(select(Product.stock, Product.reserved)).all())


def test_a_month_of_a_shop(company: Company) -> None:
    for name in ("rep", "agent", "manager"):
        company.gives(name, name)
    rep, agent, manager, guest = company.rep, company.agent, company.manager, company.guest

    # A rep sells: an order is placed, shipped, and comes back in part.
    rep.types("/customer add Harbor Lines")
    rep.types("/crm product add Mug sku:MUG-1 price:12.50 stock:50")
    assert "O-1" in plain(rep.types("/crm order add harbor MUG-1:4 tax:19").text)
    rep.clicks("Ship")
    rep.sees("Shipped.")
    rep.clicks("Paid")
    rep.sees("Paid.")
    rep.types("/crm O-1")
    rep.clicks("Delivered")
    rep.sees("Delivered.")
    rep.clicks("Return")
    rep.submits({"What comes back?": "MUG-1:1", "Reason": "chipped"})
    rep.sees("1 Mug comes back")
    rep.clicks("Received")
    assert "1 Mug is back (chipped)" in plain(rep.sees("Received."))
    rep.clicks("Refund")
    rep.submits({"Amount": "14.88", "Reason": "chipped"})
    assert "partly refunded" in plain(rep.sees("Paid back."))
    assert "Stock 47" in plain(rep.types("/crm product show MUG-1").text)
    rep.types("/crm order add harbor MUG-1:2")

    # Somebody left a cart, and somebody was not content: both become the rep's follow-ups.
    rep.types('/crm cart add Jane items:"20 mugs" total:250 customer:harbor')
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Cart).values(outside_at=datetime.now(UTC) - timedelta(hours=25)))
    company.runs_job("commerce.abandoned")
    rep.types("/crm review add Broke stars:1 customer:harbor product:MUG-1")
    todo = rep.types("/followup list").text
    assert "Ask Jane about what they left in the cart" in todo and "Look after ★☆☆☆☆ Broke" in todo

    # Support reads all of it, finds the parcel that a ticket asks for, and changes nothing.
    agent.types("/ticket add Where is my parcel? customer:harbor")
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Ticket).values(category="order"))
    asked = agent.types("/ticket show T-1").text
    assert "O-2" in asked and "O-1" not in asked, "what has arrived is not on its way"
    before = told(company)
    for typed in READS:
        seen = agent.types(f"/crm {typed}").text
        assert "needs the role" not in seen and "went wrong" not in seen, typed
    for typed in CHANGES:
        assert "This needs the role rep." in plain(agent.types(f"/crm {typed}").text), typed
    rep.types("/crm O-2 share:yes", channel="CGENERAL")
    agent.sees("O-2", channel="CGENERAL")
    agent.clicks("Cancel order", channel="CGENERAL")
    agent.sees("This needs the role rep.", channel="CGENERAL")
    # A guest is told nothing.
    for typed in (*READS, *CHANGES):
        seen = plain(guest.types(f"/crm {typed}").text)
        assert "needs the role" in seen and "Mug" not in seen and "Harbor" not in seen, typed
    assert told(company) == before

    # A manager reads what all of it came to, and may do what a rep may.
    manager.types("/digest new")
    manager.submits({"Name": "Shop", "What": ["Shop"]})
    manager.sees("It comes for the first time")
    manager.clicks("Send now")
    digest = plain(manager.sees("Sold best", channel="@Rapport"))
    for part in ("from 2 orders that stand", "$14.88 paid back of 1 order", "Goods of 1 order sent back",
                 "1 cart given up", "1 review", "1. Mug MUG-1: 6"):  # fmt: skip
        assert part in digest, part
    manager.clicks("Show", channel="@Rapport")
    manager.sees("Behind this number")
    assert "Cancelled." in plain(manager.types("/crm order cancel O-2").text)
    assert "cancelled" in plain(rep.types("/crm O-2").text)
