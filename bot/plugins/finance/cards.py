"""Draw portfolios: what is in one, what it is worth, and how it came to that."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from decimal import Decimal
from typing import Any

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit import cards
from bot.kit.cards import headline
from bot.kit.format import Reader, last_notes, paragraphs, who
from bot.kit.replies import Message
from bot.plugin import Member, _
from bot.plugins.finance import plugin
from bot.plugins.finance.books import holdings, journal, portfolios
from bot.plugins.finance.books.bookings import Booking
from bot.plugins.finance.books.gains import Sale
from bot.plugins.finance.books.instruments import Instrument
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.books.valuation import LARGEST, Position, Valuation, valued
from bot.plugins.finance.nouns import PORTFOLIO, may_see
from bot.plugins.finance.settings import AVERAGE, LARGEST_SHARE, METHOD
from bot.plugins.finance.wording import (
    KINDS,
    asset_class,
    called,
    looked_at,
    many,
    moved,
    price,
    share,
    signed,
)
from bot.plugins.finance.wording import lock as locked
from storage.crm.customers import Customer
from storage.money import Money

SHOWN = 5
OLD = timedelta(days=7)
LINES = 10
READERS = 30


def card(session: Session, portfolio: Any, reader: Reader, _actor: Member, **how: Any) -> Message:
    """Draw a portfolio with what it is worth and its largest holdings; `how` is as in `bot.kit.cards.card`."""
    notes = last_notes(session, portfolio, reader)
    if not may_see(session):
        return cards.card(session, PORTFOLIO, portfolio, reader, parts=[b.context(locked()), *notes], **how)
    looked_at(session, portfolio, "card")
    found = valued(session, portfolio, reader.today)
    facts = {
        _("Value"): reader.money(found.total),
        _("Of it money"): reader.money(found.money),
        _("Gain of what is held"): signed(found.gain, reader),
        _("Gain realised this year"): signed(found.realised(date(reader.today.year, 1, 1)), reader),
    }
    lines = [position_line(one, found, reader) for one in found.positions[:SHOWN]]
    if len(found.positions) > SHOWN:
        lines.append(b.markup(_("… and more: `/crm portfolio holdings {ref}`"), ref=portfolio.reference))
    control = cards.control(portfolio)
    buttons = [
        b.button(_("Holdings"), plugin.id("holdings"), control),
        b.button(_("Spread"), plugin.id("spread"), control),
        b.button(_("Journal"), plugin.id("journal"), control),
        b.button(_("Buy or sell"), plugin.id("trade"), control),
        b.button(_("Transfer"), plugin.id("transfer"), control),
    ]
    parts = [*paragraphs(lines), *remarks(found, reader), *notes]
    return cards.card(session, PORTFOLIO, portfolio, reader, facts=facts, parts=parts, controls=buttons, **how)


def position_line(one: Position, of: Valuation, reader: Reader) -> b.Markup:
    """Say in a line what is held of an instrument, what it is worth, which part of all that is, and what it gained."""
    parts: list[b.Text] = [
        b.markup("• {many} *{symbol}*", many=many(one.quantity, reader), symbol=one.instrument.symbol)
    ]
    if one.base is None:
        parts.append(_("no price") if one.value is None else _("no rate"))
    else:
        parts += [reader.money(one.base), share(of.share(one.base), reader)]
        parts.append(b.markup(_("gain {gain}"), gain=signed(one.base_gain, reader)))
    return b.join(parts, " · ")


def remarks(found: Valuation, reader: Reader) -> list[Block]:
    """Say in small text how old the prices are, and what is not counted."""
    said: list[b.Text] = []
    if found.oldest is not None:
        old = found.on - found.oldest > OLD
        text = _("⚠️ The oldest price is of {day}.") if old else _("Prices up to {day}.")
        said.append(b.markup(text, day=reader.day(found.oldest if old else found.on)))
    if found.unknown:
        said.append(b.markup(_("⚠️ Without a price or a rate, and not counted: {what}."), what=", ".join(found.unknown)))
    return [b.context(*said)] if said else []


def holdings_of(session: Session, portfolio: Portfolio, reader: Reader, on: date) -> Message:
    """Draw all that a portfolio held at the end of a day."""
    looked_at(session, portfolio, "holdings")
    found = valued(session, portfolio, on)
    title = b.markup(_("{portfolio} on {day}: *{total}*"), portfolio=headline(portfolio), day=reader.day(on),
                     total=reader.money(found.total))  # fmt: skip
    lines: list[b.Text] = []
    for one in found.positions:
        told = position_line(one, found, reader)
        if one.price is not None and one.priced_on is not None and one.value is not None:
            told = b.join(
                [
                    told,
                    b.markup(
                        _("   {name}: at {price} of {day}, cost {cost}"),
                        name=one.instrument.name,
                        price=price(one.price, one.instrument.currency, reader),
                        day=reader.day(one.priced_on),
                        cost=reader.money(one.cost),
                    ),
                ]
            )
        lines.append(told)
    for cash, base in found.cash:
        parts: list[b.Text] = [b.markup(_("• Money: *{amount}*"), amount=reader.money(cash.amount))]
        if cash.amount.currency != found.currency:
            parts.append(reader.money(base) if base else _("no rate"))
        parts.append(share(found.share(base), reader))
        if cash.unsettled.minor:
            parts.append(b.markup(_("not settled yet: {amount}"), amount=signed(cash.unsettled, reader)))
        lines.append(b.join(parts, " · "))
    nothing = _("There is nothing in it yet. `/crm trade deposit {ref} amount:1000` books what was paid in.")
    empty = [b.section(b.markup(nothing, ref=portfolio.reference))]
    return Message(title, [b.section(title), *(paragraphs(lines) or empty), *remarks(found, reader)])


def gains_of(session: Session, portfolio: Portfolio, reader: Reader, year: int) -> Message:
    """Draw what was gained with what was sold in a year, sale by sale, and what could be gained with the rest."""
    looked_at(session, portfolio, "gains")
    first, last = date(year, 1, 1), min(date(year, 12, 31), reader.today)
    found = valued(session, portfolio, last)
    instruments = holdings.instruments(session, {one.instrument_id for one in found.sales})
    title = b.markup(
        _("{portfolio} in {year}: realised *{realised}*, still held *{held}*"),
        portfolio=headline(portfolio),
        year=str(year),
        realised=signed(found.realised(first), reader),
        held=signed(found.gain, reader),
    )
    lines = [_sale(one, instruments[one.instrument_id], reader) for one in found.sales if one.on >= first]
    taken = _("a share of all") if METHOD.of(session) == AVERAGE else _("the oldest")
    how = _("What is sold first: {taken}. Fees are part of both sides, and each side is at the rate of its own day.")
    return Message(title, [b.section(title), *paragraphs(lines), b.context(b.markup(how, taken=taken)),
                           *remarks(found, reader)])  # fmt: skip


def _sale(one: Sale, instrument: Instrument, reader: Reader) -> b.Markup:
    gain = one.base_gain if one.base else one.gain
    return b.join(
        [
            b.markup("• {day}", day=reader.day(one.on)),
            b.markup("{many} *{symbol}*", many=many(one.quantity, reader), symbol=instrument.symbol),
            b.markup(_("for {amount}"), amount=reader.money(one.proceeds)),
            b.markup(_("gain {gain}"), gain=signed(gain, reader)),
        ],
        " · ",
    )


def spread_of(session: Session, portfolio: Portfolio, reader: Reader, on: date) -> Message:
    """Draw how a portfolio is spread over classes and currencies, and how much of it stands on few instruments."""
    looked_at(session, portfolio, "spread")
    found = valued(session, portfolio, on)
    title = b.markup(_("{portfolio} on {day}: how it is spread"), portfolio=headline(portfolio), day=reader.day(on))
    parts = [
        _spread(_("By class"), {asset_class(key): amount for key, amount in found.by_class().items()}, found, reader),
        _spread(_("By currency"), found.by_currency(), found, reader),
    ]
    return Message(title, [b.section(title), *parts[0], *parts[1], *_concentration(session, found, reader),
                           *remarks(found, reader)])  # fmt: skip


def _spread(title: str, sums: Mapping[str, Money], found: Valuation, reader: Reader) -> list[Block]:
    lines = [
        b.markup(
            "• {name} · {amount} · {share}",
            name=name,
            amount=reader.money(amount),
            share=share(found.share(amount), reader),
        )
        for name, amount in sums.items()
    ]
    return [b.section(b.join([b.markup("*{title}*", title=title), *lines]))] if lines else []


def _concentration(session: Session, found: Valuation, reader: Reader) -> list[Block]:
    largest, alike = found.largest(), found.as_if_equal()
    if not largest or alike is None:
        return []
    first, most = largest[0]
    limit = LARGEST_SHARE.of(session)
    together = sum(part for _one, part in largest[:LARGEST])
    count = str(min(LARGEST, len(largest)))
    like = reader.number(Decimal(alike).quantize(Decimal("0.1")))
    lines: list[b.Text] = [
        b.markup("*{title}*", title=_("Concentration")),
        b.markup(_("• Largest: {symbol} · {share}"), symbol=first.instrument.symbol, share=share(most, reader)),
        b.markup(_("• The {count} largest: {share}"), count=count, share=share(together, reader)),
        b.markup(_("• Spread like {count} equal positions"), count=like),
    ]
    over = [one.instrument.symbol for one, part in largest if part * 100 > limit]
    if over:
        text = _("⚠️ More than {limit} % of all: {symbols}.")
        lines.append(b.markup(text, limit=str(limit), symbols=", ".join(over)))
    return [b.section(b.join(lines))]


def journal_of(session: Session, portfolio: Portfolio, reader: Reader, offset: int) -> Message:
    """Draw a page of a portfolio's bookings, the last one traded first, each with a button that reverses it."""
    looked_at(session, portfolio, "journal")
    found = journal.bookings_of(session, portfolio.id, limit=LINES + 1, offset=offset)
    title = b.markup(_("Journal of {portfolio}"), portfolio=headline(portfolio))
    if not found:
        return Message(title, [b.section(title), b.section(_("Nothing is booked."))])
    own = set(holdings.account_numbers(session, portfolio))
    lines = [booking_line(session, one, own, portfolio, reader) for one in found[:LINES]]
    turns = []
    for label, at in ((_("Later"), offset - LINES), (_("Earlier"), offset + LINES)):
        if at >= 0 and (at < offset or len(found) > LINES):
            control = b.Control(portfolio.reference, portfolio.version, str(at))
            # Slack refuses two controls of one id in a row.
            turns.append(b.button(label, f"{plugin.id('journal')}:{at}", control))
    return Message(title, [b.section(title), *lines, *([b.actions(*turns)] if turns else [])])


def booking_line(session: Session, booking: Booking, accounts: set[int], portfolio: Portfolio, reader: Reader) -> Block:
    """Draw a booking as a portfolio's accounts see it."""
    postings = [one for one in journal.postings_of(session, booking) if one.account_id in accounts]
    instruments = holdings.instruments(session, {one.instrument_id for one in postings if one.instrument_id})
    parts: list[b.Text] = [
        b.markup("*{number}* {kind}", number=called(booking), kind=_(KINDS[booking.kind])),
        ", ".join(moved(one, instruments, reader) for one in postings),
        reader.day(booking.traded_on),
    ]
    if booking.settled_on != booking.traded_on:
        parts.append(b.markup(_("settles {day}"), day=reader.day(booking.settled_on)))
    parts.append(b.markup(_("booked by {who}"), who=who(session, booking.booked_by)))
    back = journal.reversal_of(session, booking)
    told: list[b.Text] = [b.join(parts, " · ")]
    if booking.words:
        told.append(b.cut(booking.words, 200))
    if booking.reverses_id:
        told.append(b.markup(_("Reverses #{number}."), number=str(booking.reverses_id)))
    if back is not None:
        told.append(b.markup(_("Reversed by {number}."), number=called(back)))
    may = back is None and not booking.reverses_id
    ask = _("The booking stays, and a reversal is booked beside it.")
    control = b.Control(portfolio.reference, portfolio.version, str(booking.id))
    button = b.button(_("Reverse"), plugin.id("reverse"), control, confirm=ask) if may else None
    return b.section(b.join(told), accessory=button)


def booked(session: Session, booking: Booking, portfolio: Portfolio, reader: Reader, notice: b.Text) -> Message:
    """Say what was booked, and what the accounts it touched have of it now."""
    looked_at(session, portfolio, "booking")
    own = set(holdings.account_numbers(session, portfolio))
    line = booking_line(session, booking, own, portfolio, reader)
    after = valued(session, portfolio, reader.today)
    money = ", ".join(reader.money(cash.amount) for cash, _base in after.cash) or reader.money(Money(0, after.currency))
    told = b.markup(_("{portfolio} now: {total}, of it money {money}."), portfolio=headline(portfolio),
                    total=reader.money(after.total), money=money)  # fmt: skip
    return Message(notice, [b.context(notice), line, b.context(told), *remarks(after, reader)])


def accesses_of(session: Session, record: Portfolio | Customer, reader: Reader, title: b.Text) -> Message:
    """Draw who looked at what is in a portfolio, or at a customer's risk, and when."""
    lines = [
        b.markup("• {who} · {what} · {when}", who=who(session, one.who), what=_(one.what), when=reader.moment(one.at))
        for one in portfolios.accesses(session, record, READERS)
    ]
    return Message(title, [b.section(title), *(paragraphs(lines) or [b.section(_("Nobody yet."))])])


plugin.noun(PORTFOLIO, card=card)


@plugin.card("customer", "Portfolios")
def of_customer(record: Customer, session: Session, reader: Reader) -> list[Block]:
    """Show on a customer's card what they have invested, to those who may see it."""
    found = portfolios.of_customer(session, record.id)
    if not found:
        return []
    if not may_see(session):
        return paragraphs([*(b.markup("• {one}", one=headline(one)) for one in found), locked()])
    lines = []
    for one in found[:SHOWN]:
        looked_at(session, one, "customer's card")
        value = valued(session, one, reader.today)
        parts: list[b.Text] = [b.markup("• {one}", one=headline(one)), reader.money(value.total)]
        lines.append(b.join([*parts, b.markup(_("gain {gain}"), gain=signed(value.gain, reader))], " · "))
    if len(found) > SHOWN:
        lines.append(b.markup(_("… and more: `/crm portfolio list customer:{ref}`"), ref=record.reference))
    return paragraphs(lines)
