"""Fill a demo with a year of a small shop, the same one every time."""

from __future__ import annotations

import random
from collections.abc import Sequence
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.plugins.commerce import aftersales, carts, orders, plugin, reviews
from bot.plugins.commerce.carts import ABANDONED
from bot.plugins.commerce.products import Product
from bot.plugins.commerce.sales import PAID, GoodsReturn, Refund, SalesOrder
from storage.crm import contacts
from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.money import Money
from storage.workspace.workspaces import Workspace

DAYS, A_DAY = 365, 0.5
GOODS = (
    ("Coffee beans, 1 kg", "BEAN-1000", 2_450),
    ("Coffee beans, 250 g", "BEAN-250", 790),
    ("Filter papers", "FILTER-100", 450),
    ("Hand grinder", "GRIND-1", 6_900),
    ("Pour-over jug", "JUG-600", 3_490),
    ("Mug, blue", "MUG-BLUE", 1_290),
    ("Mug, white", "MUG-WHITE", 1_290),
    ("Kettle", "KETTLE-1", 8_900),
    ("Scale", "SCALE-1", 4_500),
    ("Gift box", "GIFT-1", 3_900),
)
PEOPLE = ("Ada Berg", "Bruno Costa", "Chen Li", "Dunja Kos", "Emil Holm", "Fatou Sow", "Greta Vogt", "Hugo Marin")
SAID = (
    (5, "Just right", "Arrived in two days and tastes wonderful."),
    (5, "Again and again", "We order it for the whole office."),
    (4, "Good, a bit pricey", "Good quality, I wish there were a larger pack."),
    (3, "Fine", "It does what it should. The box was dented."),
    (2, "Late", "The parcel came a week later than promised and nobody wrote to me."),
    (1, "Broken", "The jug arrived broken and I would like my money back."),
)
WHY = ("broken on arrival", "too small", "ordered twice", "not needed any more")


@plugin.sample
def year(session: Session, workspace: Workspace, now: datetime) -> None:
    """Sell for a year: more towards the end, with returns, refunds, reviews, and carts that were left."""
    chance = random.Random(11)  # the same shop every time
    goods = [
        Product.new(session, name=name, sku=sku, price_minor=price, currency=workspace.currency, stock=900)
        for name, sku, price in GOODS
    ]
    buyers = [_person(session, name) for name in PEOPLE]
    companies: Sequence[Customer] = session.scalars(select(Customer).order_by(Customer.id).limit(6)).all()
    begins = now - timedelta(days=DAYS)
    for number in range(int(DAYS * A_DAY)):
        # The square root crowds what is sold towards the end of the year.
        at = begins + timedelta(days=DAYS * (chance.random() ** 0.5), minutes=number % 60)
        who: Contact | Customer = chance.choice(buyers) if chance.random() < 0.6 else chance.choice(companies)
        order = _order(session, chance, goods, who, min(at, now - timedelta(minutes=5)))
        _lives(session, chance, order, now)
    _reviews(session, chance, goods, buyers, begins, now)
    _carts(session, chance, buyers, workspace.currency, now)
    session.flush()


def _person(session: Session, name: str) -> Contact:
    first, last = name.casefold().split()
    return contacts.add(session, name=name, email=f"{first}@{last}.example")


def _order(
    session: Session, chance: random.Random, goods: list[Product], who: Contact | Customer, at: datetime
) -> SalesOrder:
    wanted = {one.sku: chance.choice([1, 1, 1, 2, 3]) for one in chance.sample(goods, chance.choice([1, 1, 2, 3]))}
    contact_id, customer_id = (who.id, None) if isinstance(who, Contact) else (None, who.id)
    order = orders.place(session, wanted, contact_id=contact_id, customer_id=customer_id, tax_rate=1_900)
    order.placed_at = at
    session.flush()  # what is done with an order reads it anew
    return order


def _lives(session: Session, chance: random.Random, order: SalesOrder, now: datetime) -> None:
    """Let an order be paid, shipped and delivered as far as its age allows, and some be cancelled or come back."""
    age = now - order.placed_at
    if chance.random() < 0.04:
        orders.cancel(session, order)
        return
    if age > timedelta(hours=6) and chance.random() < 0.97:
        orders.pay(session, order)
    if age > timedelta(days=2):
        orders.ship(session, order)
    if age > timedelta(days=5):
        orders.deliver(session, order)
    if age > timedelta(days=12) and chance.random() < 0.07:
        why = chance.choice(WHY)
        at = order.placed_at + timedelta(days=chance.randint(6, 11))
        back = aftersales.take_back(session, order, reason=why)
        back.at = at
        aftersales.receive(session, order, restock=why != WHY[0])
        session.get_one(GoodsReturn, (back.workspace_id, back.id)).received_at = at + timedelta(days=1)
        if order.payment == PAID:
            paid = aftersales.refund(session, order, reason=why)
            session.get_one(Refund, (paid.workspace_id, paid.id)).at = at + timedelta(days=1)


def _reviews(
    session: Session,
    chance: random.Random,
    goods: list[Product],
    buyers: list[Contact],
    begins: datetime,
    now: datetime,
) -> None:
    for number in range(40):
        count, title, words = SAID[min(int(chance.random() ** 2 * len(SAID)), len(SAID) - 1)]
        made = reviews.add(
            session,
            name=title,
            stars=count,
            words=words,
            product_id=chance.choice(goods).id,
            contact_id=chance.choice(buyers).id,
            source="shop",
            outside_id=str(number + 1),
        )
        made.created_at = begins + timedelta(days=chance.uniform(0, DAYS - 1))


def _carts(session: Session, chance: random.Random, buyers: list[Contact], currency: str, now: datetime) -> None:
    for number, who in enumerate(buyers):
        name, _sku, price = GOODS[(number * 3) % len(GOODS)]
        quantity = chance.randint(1, 4)
        total = Money(price * quantity, currency)
        cart = carts.add(session, name=who.name, total=total, items=f"{quantity} {name}", contact_id=who.id)
        cart.outside_at = now - timedelta(hours=number * 30 + 1)
        cart.state = ABANDONED if number else cart.state
