"""Answer the buttons on the card of an order, and the forms that some of them open."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit import cards as kit
from bot.kit import format
from bot.kit.format import Reader
from bot.kit.replies import Message, Modal
from bot.plugin import Member, Role, _
from bot.plugins.commerce import aftersales, cards, orders, plugin
from bot.plugins.commerce.commands import amount
from bot.plugins.commerce.sales import SalesOrder, lines_of
from storage.money import Money
from storage.records import named


@plugin.action("ship", role=Role.REP)
def ship(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Ship what is left of the card's order."""
    return _done(control, session, actor, reader, orders.ship, _("Shipped."))


@plugin.action("deliver", role=Role.REP)
def deliver(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that the card's order has arrived."""
    return _done(control, session, actor, reader, orders.deliver, _("Delivered."))


@plugin.action("pay", role=Role.REP)
def pay(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that the card's order is paid."""
    return _done(control, session, actor, reader, orders.pay, _("Paid."))


@plugin.action("cancel", role=Role.REP)
def cancel(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Cancel the card's order."""
    return _done(control, session, actor, reader, orders.cancel, _("Cancelled."))


@plugin.action("receive", role=Role.REP)
def receive(control: b.Control, session: Session, actor: Member, reader: Reader) -> Message:
    """Say that what comes back of the card's order is here, and on the shelf again."""
    return _done(control, session, actor, reader, aftersales.receive, _("Received."))


@plugin.view("refunded", title="Refund", role=Role.REP)
def refunded(control: b.Control, session: Session, reader: Reader) -> Modal:
    """Ask how much is paid back, and why."""
    order = named.resolve(session, SalesOrder, control.record)
    if overtaken := format.overtaken(session, order, control):
        return Modal(_("Refund"), [b.section(overtaken), b.section(kit.headline(order))])
    left = Money(order.kept_minor, order.currency)
    most = _("At most {left}").format(left=reader.money(left))
    fields = [
        b.section(kit.headline(order)),
        b.text_input("amount", _("Amount"), initial=str(left.major), hint=most),
        b.text_input("reason", _("Reason"), optional=True),
    ]
    return Modal(_("Refund"), fields, submit=_("Pay back"), state=_state(order))


@refunded.submit
def refund(
    values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member, reader: Reader
) -> Message:
    """Say that the amount is paid back, unless somebody else has changed the order since."""
    order = _unchanged(session, state)
    back = amount(values["amount"], "amount", order.currency, reader)
    aftersales.refund(session, order, back, values["reason"] or None)
    return cards.order(session, order, reader, actor, notice=_("Paid back."), undo=True)


@plugin.view("returned", title="Return", role=Role.REP)
def returned(control: b.Control, session: Session) -> Modal:
    """Ask what comes back, and why."""
    order = named.resolve(session, SalesOrder, control.record)
    if overtaken := format.overtaken(session, order, control):
        return Modal(_("Return"), [b.section(overtaken), b.section(kit.headline(order))])
    out = " ".join(f"{one.sku}:{one.out}" for one in lines_of(session, order) if one.out)
    fields = [
        b.section(kit.headline(order)),
        b.text_input("lines", _("What comes back?"), initial=out, hint=_("SKUs with quantities")),
        b.text_input("reason", _("Reason"), optional=True),
    ]
    return Modal(_("Return"), fields, submit=_("Expect it back"), state=_state(order))


@returned.submit
def take_back(
    values: Mapping[str, str], state: Mapping[str, str], session: Session, actor: Member, reader: Reader
) -> Message:
    """Write down what comes back, unless somebody else has changed the order since."""
    order = _unchanged(session, state)
    aftersales.take_back(session, order, orders.read_lines(values["lines"]), values["reason"] or None)
    return cards.order(session, order, reader, actor, notice=_("It is expected back."), undo=True)


plugin.button_opens("refund", refunded)
plugin.button_opens("return", returned)


def _done(
    control: b.Control,
    session: Session,
    actor: Member,
    reader: Reader,
    act: Callable[[Session, SalesOrder], object],
    notice: str,
) -> Message:
    order = named.resolve(session, SalesOrder, control.record)
    if overtaken := format.overtaken(session, order, control):
        return cards.order(session, order, reader, actor, notice=overtaken, replace=True)
    act(session, order)
    return cards.order(session, order, reader, actor, notice=notice, undo=True, replace=True)


def _state(order: SalesOrder) -> dict[str, str]:
    return {"record": order.reference, "version": str(order.version)}


def _unchanged(session: Session, state: Mapping[str, str]) -> SalesOrder:
    return named.at_version(
        session, named.resolve(session, SalesOrder, state.get("record", "")), int(state.get("version", "0"))
    )
