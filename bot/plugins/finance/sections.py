"""Tell in digests and on the App Home what portfolios come to, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from slack_sdk.models.blocks import Block
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.format import Reader, paragraphs
from bot.plugin import Member, _, ngettext
from bot.plugins.finance import plugin
from bot.plugins.finance.books import assets, portfolios, transfers
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.books.transfers import WAITING, Transfer
from bot.plugins.finance.nouns import ADVISER, may_see
from bot.plugins.finance.wording import signed
from storage.digests.metrics import Period
from storage.money import Money

MOST = 100
EXPLAINED = (
    "Assets: all portfolios of these owners at the last prices and rates, each in its own currency. Paid in: money from"
    " outside less money that went there. Gained: the rest of the change, income and fees too."
)


@plugin.digest_section("Portfolios")
def in_all(session: Session, period: Period, reader: Reader, receiver: Member | None) -> list[Block]:
    """Show what the portfolios come to and why that changed, to advisers; how much was done, to a channel too."""
    theirs = [] if period.owners is None else [Portfolio.owner_id.in_(period.owners)]
    found = assets.numbers(session, *theirs)
    if not found:
        return []
    before = period.since.astimezone(reader.zone).date() - timedelta(days=1)
    last = (period.until - timedelta(microseconds=1)).astimezone(reader.zone).date()
    waiting = len(transfers.listed(session, Transfer.state == WAITING, Transfer.portfolio_id.in_(found), limit=MOST))
    done = [
        b.markup(_("• Portfolios: *{count}*"), count=str(len(found))),
        b.markup(_("• Booked: *{count}*"), count=str(assets.booked(session, found, before, last))),
        b.markup(_("• Transfers that wait: *{count}*"), count=str(waiting)),
    ]
    if not may_see(session):
        return paragraphs(done)
    portfolios.accessed_all(session, found, "digest", who=receiver.id if receiver else None)
    now, then = assets.worth_of(session, found, last), assets.worth_of(session, found, before)
    paid = assets.paid_in(session, found, before, last)
    gained = {code: amount - _of(then.amounts, code) - _of(paid.amounts, code) for code, amount in now.amounts.items()}
    told: list[b.Text] = [
        b.markup(_("• Assets: *{sums}*"), sums=_sums(now.amounts, reader)),
        b.markup(_("• Paid in: {sums}"), sums=_sums(paid.amounts, reader, sign=True)),
        b.markup(_("• Gained: {sums}"), sums=_sums(gained, reader, sign=True)),
    ]
    small: list[b.Text] = [_(EXPLAINED)]
    if unknown := now.unknown | then.unknown | paid.unknown:
        what = ", ".join(sorted(unknown))
        small.append(b.markup(_("⚠️ Without a price or a rate, and not counted: {what}."), what=what))
    return [*paragraphs([*told, *done]), b.context(*small)]


@plugin.home("Transfers to check", role=ADVISER, order=70)
def to_check(session: Session, actor: Member) -> list[Block]:
    """Say how many transfers wait for a second person who could be the one who looks."""
    found = transfers.listed(session, Transfer.state == WAITING, Transfer.maker_id != actor.id, limit=MOST)
    if not found:
        return []
    count = f"{len(found)}+" if len(found) == MOST else str(len(found))
    words = ngettext(
        "*{count}* waits for a second person: `/crm transfer list`",
        "*{count}* wait for a second person: `/crm transfer list`",
        len(found),
    )
    return [b.section(b.markup(words, count=count))]


def _of(amounts: Mapping[str, Money], code: str) -> Money:
    return amounts.get(code, Money(0, code))


def _sums(amounts: Mapping[str, Money], reader: Reader, *, sign: bool = False) -> str:
    shown = [signed(amounts[code], reader) if sign else reader.money(amounts[code]) for code in sorted(amounts)]
    return ", ".join(shown) or "–"
