"""Tell in digests what the shop did in a period, each number with the records behind it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy import ColumnElement, Select, Text, cast, exists, func, select
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.cards import headline
from bot.kit.format import Reader, paragraphs
from bot.kit.replies import Message
from bot.plugin import Role, _, ngettext
from bot.plugins.commerce import plugin
from bot.plugins.commerce.care.feedback import stars
from bot.plugins.commerce.carts import ABANDONED, Cart
from bot.plugins.commerce.reviews import Review
from bot.plugins.commerce.sales import OPEN, GoodsReturn, OrderLine, Refund, SalesOrder
from bot.plugins.commerce.settings import ABANDONED as GIVEN_UP_AFTER
from storage.crm.customers import Customer
from storage.digests.metrics import Period, Tally
from storage.errors import Invalid
from storage.money import Money

BEST, SHOWN = 5, 20
LOW = 2
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
DETAIL_LIMIT = 1_900
"""A period of more owners than a button carries is told without one."""


@dataclass(frozen=True, slots=True)
class ShopPeriod:
    """Say from when until when, and whose customers count: those of one owner, or all."""

    since: datetime
    until: datetime
    owners: Sequence[str] | None = None

    def of(self, at: Any, customer_id: Any) -> Iterator[ColumnElement[bool]]:
        """Yield the conditions that something of a customer happened in the period."""
        yield at >= self.since
        yield at < self.until
        if self.owners is not None:
            yield customer_id.in_(select(Customer.id).where(Customer.owner_id.in_(self.owners)))


def orders_in(when: ShopPeriod) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the orders of a period that stand."""
    return (SalesOrder.lifecycle == OPEN, *when.of(SalesOrder.placed_at, SalesOrder.customer_id))


def refunded_in(when: ShopPeriod) -> Select[Any]:
    """Return the orders of which money was paid back in a period, whenever they were placed."""
    return _with(Refund, when)


def returned_in(when: ShopPeriod) -> Select[Any]:
    """Return the orders of which goods were sent back in a period, whenever they were placed."""
    return _with(GoodsReturn, when)


def _with(model: type[Refund] | type[GoodsReturn], when: ShopPeriod) -> Select[Any]:
    of_period = model.order_id == SalesOrder.id, *when.of(model.at, SalesOrder.customer_id)
    return select(SalesOrder).where(exists().where(*of_period))


def carts_in(session: Session, when: ShopPeriod) -> Select[Any]:
    """Return the carts that were given up in a period: their last change is so long before."""
    after = timedelta(hours=GIVEN_UP_AFTER.of(session))
    left = ShopPeriod(when.since - after, when.until - after, when.owners)
    return select(Cart).where(Cart.state == ABANDONED, *left.of(Cart.outside_at, Cart.customer_id))


def reviews_in(when: ShopPeriod) -> tuple[ColumnElement[bool], ...]:
    """Return the conditions of the reviews of a period."""
    return tuple(when.of(Review.created_at, Review.customer_id))


@plugin.figure("orders", noun="order", over_time=True)
def orders(session: Session, period: Period) -> Tally:
    """Count the orders that stand, and what was sold."""
    when = of_shop(period)
    rows = session.execute(
        select(SalesOrder.currency, func.count(), func.sum(SalesOrder.total_minor))
        .where(*orders_in(when))
        .group_by(SalesOrder.currency)
        .order_by(SalesOrder.currency)
    ).all()
    sums = tuple(Money(int(whole), currency) for currency, _count, whole in rows)
    return Tally(sum(row[1] for row in rows), sums, behind=_behind(session, "orders", when))


@plugin.figure("refunds", noun="order", over_time=True)
def refunds(session: Session, period: Period) -> Tally:
    """Count the orders of which money was paid back, and how much."""
    when = of_shop(period)
    amounts = (
        select(SalesOrder.currency, func.sum(Refund.amount_minor))
        .join(SalesOrder, SalesOrder.id == Refund.order_id)
        .where(*when.of(Refund.at, SalesOrder.customer_id))
        .group_by(SalesOrder.currency)
        .order_by(SalesOrder.currency)
    )
    sums = tuple(Money(int(whole), currency) for currency, whole in session.execute(amounts))
    return _counted(session, "refunds", when, sums) if sums else Tally(0, behind=_behind(session, "refunds", when))


@plugin.figure("returns", noun="order", over_time=True)
def returns(session: Session, period: Period) -> Tally:
    """Count the orders of which goods were sent back."""
    return _counted(session, "returns", of_shop(period))


@plugin.figure("carts", noun="cart", over_time=True)
def carts(session: Session, period: Period) -> Tally:
    """Count the carts that were given up."""
    return _counted(session, "carts", of_shop(period))


@plugin.figure("reviews", noun="review", over_time=True, by="stars")
def reviews(session: Session, period: Period, value: str | None = None) -> Tally:
    """Count what customers said, by its stars."""
    when = of_shop(period)
    found = select(Review.stars, func.count()).where(*reviews_in(when)).group_by(Review.stars).order_by(Review.stars)
    parts = {str(each): number for each, number in session.execute(found)}
    behind = _behind(session, "reviews", when)
    if value is None:
        return Tally(sum(parts.values()), parts=parts, behind=behind)
    return Tally(parts.get(value, 0), behind=behind.where(cast(Review.stars, Text) == value))


@plugin.figure("sold", noun="order", by="sku")
def sold(session: Session, period: Period, value: str | None = None) -> Tally:
    """Count the pieces that were sold, and of each of the best by its SKU."""
    when = of_shop(period)
    pieces = select(func.sum(OrderLine.quantity)).join(SalesOrder, SalesOrder.id == OrderLine.order_id)
    pieces = pieces.where(*orders_in(when))
    if value is not None:
        number = session.scalar(pieces.where(OrderLine.sku == value)) or 0
        return Tally(int(number), behind=_behind(session, "sold", when, value))
    parts = {sku: int(number) for sku, _name, number in session.execute(best_in(when)) if sku}
    return Tally(int(session.scalar(pieces) or 0), parts=parts, behind=_behind(session, "orders", when))


@plugin.digest_section("Shop")
def shop(period: Period, session: Session, reader: Reader) -> list[Block]:
    """Tell what was sold, what came back, what sold best, and what customers say."""
    when = of_shop(period)
    parts = [
        _sold(orders(session, period), when, reader),
        _refunded(refunds(session, period), when, reader),
        _returned(returns(session, period).count, when),
        _left(carts(session, period).count, when),
        _said(session, when),
    ]
    best = _best(session, when)
    return [*(part for part in parts if part is not None), *best]


def of_shop(period: Period) -> ShopPeriod:
    """Return a digest's period as the shop counts by it."""
    return ShopPeriod(period.since, period.until, period.owners)


def _counted(session: Session, what: str, when: ShopPeriod, sums: tuple[Money, ...] = ()) -> Tally:
    behind = _behind(session, what, when)
    found = select(func.count()).select_from(behind.order_by(None).subquery())
    return Tally(session.scalar(found) or 0, sums, behind=behind)


@plugin.action("explain", role=Role.VIEWER)
def explain(control: b.Control, session: Session, reader: Reader) -> Message:
    """List the records behind a number of a digest."""
    what, when, sku = _read(control.detail)
    found = session.scalars(_behind(session, what, when, sku).limit(SHOWN + 1)).all()
    lines = [b.markup("• {one}", one=headline(one)) for one in found[:SHOWN]]
    more = [b.context(_("… and more."))] if len(found) > SHOWN else []
    title = b.markup(
        _("*Behind this number*, from {since} until {until}"),
        since=reader.moment(when.since),
        until=reader.moment(when.until),
    )
    return Message(title, [b.section(title), *paragraphs(lines), *more])


def _behind(session: Session, what: str, when: ShopPeriod, sku: str = "") -> Select[Any]:
    match what:
        case "orders":
            largest = SalesOrder.currency, SalesOrder.total_minor.desc(), SalesOrder.id
            return select(SalesOrder).where(*orders_in(when)).order_by(*largest)
        case "refunds":
            return refunded_in(when).order_by(SalesOrder.refunded_minor.desc(), SalesOrder.id)
        case "returns":
            return returned_in(when).order_by(SalesOrder.id)
        case "carts":
            return carts_in(session, when).order_by(Cart.total_minor.desc(), Cart.id)
        case "sold":
            of_product = exists().where(OrderLine.order_id == SalesOrder.id, OrderLine.sku == sku)
            newest = SalesOrder.placed_at.desc(), SalesOrder.id.desc()
            return select(SalesOrder).where(*orders_in(when), of_product).order_by(*newest)
        case "reviews":
            return select(Review).where(*reviews_in(when)).order_by(Review.stars, Review.id)
    raise Invalid("This button no longer works.", hint="Ask for the digest again.")


def _sold(tally: Tally, when: ShopPeriod, reader: Reader) -> Block | None:
    told = ngettext("{sums} from *{count} order* that stands", "{sums} from *{count} orders* that stand", tally.count)
    return _worth(tally, told, "orders", when, reader)


def _refunded(tally: Tally, when: ShopPeriod, reader: Reader) -> Block | None:
    told = ngettext("{sums} paid back of *{count} order*", "{sums} paid back of *{count} orders*", tally.count)
    return _worth(tally, told, "refunds", when, reader)


def _worth(tally: Tally, told: str, what: str, when: ShopPeriod, reader: Reader) -> Block | None:
    sums = ", ".join(reader.money(one) for one in tally.amounts)
    return _line(b.markup(told, sums=sums, count=tally.count), what, when) if tally.count else None


def _returned(count: int, when: ShopPeriod) -> Block | None:
    told = ngettext("Goods of *{count} order* sent back", "Goods of *{count} orders* sent back", count)
    return _line(b.markup(told, count=count), "returns", when) if count else None


def _left(count: int, when: ShopPeriod) -> Block | None:
    told = ngettext("*{count} cart* given up", "*{count} carts* given up", count)
    return _line(b.markup(told, count=count), "carts", when) if count else None


def _said(session: Session, when: ShopPeriod) -> Block | None:
    low = func.count().filter(Review.stars <= LOW)
    found = select(func.count(), func.avg(Review.stars), low).where(*reviews_in(when))
    count, mean, few = session.execute(found).one()
    if not count:
        return None
    told = ngettext(
        "*{count} review*, {mean} on average, {few} of one or two stars",
        "*{count} reviews*, {mean} on average, {few} of one or two stars",
        count,
    )
    drawn = b.markup("{stars} {mean}", stars=stars(round(mean)), mean=f"{mean:.1f}")
    return _line(b.markup(told, count=count, mean=drawn, few=few), "reviews", when)


def best_in(when: ShopPeriod) -> Select[str, str, int]:
    """Return the SKUs that sold best in a period, each with its name and how many pieces."""
    pieces = func.sum(OrderLine.quantity)
    return (
        select(OrderLine.sku, func.max(OrderLine.name), pieces)
        .join(SalesOrder, SalesOrder.id == OrderLine.order_id)
        .where(*orders_in(when))
        .group_by(OrderLine.sku)
        .order_by(pieces.desc(), OrderLine.sku)
        .limit(BEST)
    )


def _best(session: Session, when: ShopPeriod) -> list[Block]:
    lines = []
    for place, (sku, name, quantity) in enumerate(session.execute(best_in(when)).all(), start=1):
        told = b.markup("{place}. {name} `{sku}`: {sold}", place=place, name=name, sku=sku or "–", sold=int(quantity))
        lines.append(_line(told, "sold", when, sku))
    return [b.section(b.markup(_("*Sold best*, by number"))), *lines] if lines else []


def _line(text: b.Text, what: str, when: ShopPeriod, sku: str = "") -> Block:
    since, until = ((at - EPOCH) // timedelta(microseconds=1) for at in (when.since, when.until))
    detail = f"{what}|{since}|{until}|{','.join(when.owners) if when.owners is not None else '*'}|{sku}"
    if len(detail) > DETAIL_LIMIT:
        return b.section(text)
    return b.section(text, accessory=b.button(_("Show"), plugin.id("explain"), b.Control(detail=detail)))


def _read(detail: str) -> tuple[str, ShopPeriod, str]:
    try:
        # What was sent before there was a SKU ends with the owners.
        what, since, until, owners, *skus = detail.split("|", 4)
        begins, ends = (EPOCH + timedelta(microseconds=int(at)) for at in (since, until))
    except (ValueError, OverflowError):
        raise Invalid("This button no longer works.", hint="Ask for the digest again.") from None
    return what, ShopPeriod(begins, ends, None if owners == "*" else owners.split(",")), "".join(skus)
