"""Tell in digests and on the App Home what portfolios come to, and what waits for a second person."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import date, timedelta, tzinfo
from typing import Any
from zoneinfo import ZoneInfo

from slack_sdk.models.blocks import Block
from sqlalchemy import ColumnElement, Select, and_, exists, func, select
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.format import Reader, paragraphs
from bot.plugin import Member, _, ngettext
from bot.plugins.finance import plugin
from bot.plugins.finance.books import assets, portfolios, transfers
from bot.plugins.finance.books.assets import Sums
from bot.plugins.finance.books.bookings import Booking
from bot.plugins.finance.books.portfolios import Portfolio
from bot.plugins.finance.books.transfers import WAITING, Transfer
from bot.plugins.finance.nouns import ADVISER, may_see
from bot.plugins.finance.wording import signed
from storage.digests.metrics import Period, Tally
from storage.money import Money
from storage.records import history
from storage.workspace.workspaces import Workspace

MOST = 100
EXPLAINED = (
    "Assets: all portfolios of these owners at the last prices and rates, each in its own currency. Paid in: money from"
    " outside less money that went there. Gained: the rest of the change, income and fees too."
)


@plugin.digest_section("Portfolios")
def in_all(session: Session, period: Period, reader: Reader, receiver: Member | None) -> list[Block]:
    """Show what the portfolios come to and why that changed, to advisers; how much was done, to a channel too."""
    found = assets.numbers(session, *_of_owners(period))
    if not found:
        return []
    before, last = _days(period, reader.zone)
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
    gained = _gained(now, then, paid)
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


@plugin.figure("portfolios", noun="portfolio")
def portfolios_kept(session: Session, period: Period) -> Tally:
    """Count the portfolios."""
    return _of_portfolios(session, period)


@plugin.figure("booked", noun="portfolio", over_time=True)
def booked(session: Session, period: Period, workspace: Workspace) -> Tally:
    """Count what was booked; behind it are the portfolios that it was booked in."""
    found = assets.numbers(session, *_of_owners(period))
    before, last = _days(period, ZoneInfo(workspace.zone))
    moved = exists().where(Booking.portfolio_id == Portfolio.id, *assets.days_between(before, last))
    behind = _kept(period).where(moved)
    return Tally(assets.booked(session, found, before, last), behind=behind)


@plugin.figure("transfers_waiting", noun="portfolio")
def transfers_waiting(session: Session, period: Period) -> Tally:
    """Count the transfers that wait for a second person; behind it are the portfolios that they are of."""
    waits = (Transfer.portfolio_id == Portfolio.id, Transfer.state == WAITING)
    found = _kept(period).join(Transfer, and_(*waits)).order_by(None).with_only_columns(func.count())
    return Tally(session.scalar(found) or 0, behind=_kept(period).where(exists().where(*waits)))


@plugin.figure("assets", noun="portfolio")
def assets_kept(session: Session, period: Period, workspace: Workspace) -> Tally | None:
    """Add up what all portfolios are worth at the end, for who may see balances."""
    return _sum(session, period, workspace, lambda found, _before, last: assets.worth_of(session, found, last).amounts)


@plugin.figure("paid_in", noun="portfolio")
def money_paid_in(session: Session, period: Period, workspace: Workspace) -> Tally | None:
    """Add up the money that came from outside, less what went there, for who may see balances."""
    return _sum(
        session, period, workspace, lambda found, before, last: assets.paid_in(session, found, before, last).amounts
    )


@plugin.figure("gained", noun="portfolio")
def gains(session: Session, period: Period, workspace: Workspace) -> Tally | None:
    """Add up the rest of the change, income and fees too, for who may see balances."""

    def gained(found: Sequence[int], before: date, last: date) -> Mapping[str, Money]:
        now, then = assets.worth_of(session, found, last), assets.worth_of(session, found, before)
        return _gained(now, then, assets.paid_in(session, found, before, last))

    return _sum(session, period, workspace, gained)


def _sum(
    session: Session,
    period: Period,
    workspace: Workspace,
    add: Callable[[Sequence[int], date, date], Mapping[str, Money]],
) -> Tally | None:
    """Return sums over portfolios and write down who sees them; None for who may not."""
    if not may_see(session):
        return None
    found = assets.numbers(session, *_of_owners(period))
    portfolios.accessed_all(session, found, "digest", who=history.current_actor(session))
    amounts = add(found, *_days(period, ZoneInfo(workspace.zone)))
    return _of_portfolios(session, period, tuple(amounts[code] for code in sorted(amounts)))


def _of_portfolios(session: Session, period: Period, amounts: tuple[Money, ...] = ()) -> Tally:
    behind = _kept(period)
    return Tally(len(assets.numbers(session, *_of_owners(period))), amounts, behind=behind)


def _kept(period: Period) -> Select[Any]:
    theirs = (Portfolio.archived_at.is_(None), *_of_owners(period))
    return select(Portfolio).where(*theirs).order_by(Portfolio.name_key, Portfolio.id)


def _of_owners(period: Period) -> Sequence[ColumnElement[bool]]:
    return () if period.owners is None else (Portfolio.owner_id.in_(period.owners),)


def _days(period: Period, zone: tzinfo) -> tuple[date, date]:
    """Return the day before a period and its last."""
    before = period.since.astimezone(zone).date() - timedelta(days=1)
    return before, (period.until - timedelta(microseconds=1)).astimezone(zone).date()


def _gained(now: Sums, then: Sums, paid: Sums) -> Mapping[str, Money]:
    return {code: amount - _of(then.amounts, code) - _of(paid.amounts, code) for code, amount in now.amounts.items()}


def _of(amounts: Mapping[str, Money], code: str) -> Money:
    return amounts.get(code, Money(0, code))


def _sums(amounts: Mapping[str, Money], reader: Reader, *, sign: bool = False) -> str:
    shown = [signed(amounts[code], reader) if sign else reader.money(amounts[code]) for code in sorted(amounts)]
    return ", ".join(shown) or "–"
