"""Keep what customers have invested in portfolios, the accounts in these, and who has looked at what is in them."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, ColumnElement, ForeignKey, Identity, Index, func, insert, select, text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from bot.plugins.finance.books.instruments import SCHEMA
from storage.crm.customers import Customer
from storage.database.engine import Base, composite_key, current_workspace
from storage.errors import Conflict
from storage.records import history, named
from storage.records.named import Named, named_args


class Portfolio(Named, Base):
    """Describe what a customer has invested; it is valued in `currency`, and looked at again with them on a day."""

    __noun__, __letter__, __tablename__ = "portfolio", "PF", "portfolio"
    __table_args__ = (
        *named_args("finance.portfolio"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        Index(None, "workspace_id", "customer_id"),
        Index(None, "workspace_id", "owner_id"),
        Index(None, "workspace_id", "review_on"),
        SCHEMA,
    )
    __owner__ = "owner_id"

    customer_id: Mapped[int | None]
    currency: Mapped[str]
    owner_id: Mapped[str | None]
    review_on: Mapped[date | None]

    def check_archive(self) -> None:
        """Raise Conflict while something is in it."""
        check_empty(self, PortfolioAccount.portfolio_id == self.id)

    def check_merge(self, kept: Portfolio) -> None:
        """Raise Conflict: the journal names the one that is gone."""
        raise Conflict(
            "Portfolios cannot be merged.",
            hint="Move what is in it with `/crm transfer add {reference}`, then archive it.",
            reference=self.reference,
        )


class PortfolioAccount(Named, Base):
    """Describe an account in a portfolio: it holds money of any currency, and instruments; `number` is the bank's."""

    __noun__, __letter__, __tablename__ = "account", "AC", "account"
    __table_args__ = (
        *named_args("finance.account"),
        composite_key("portfolio_id", "finance.portfolio"),
        Index(None, "workspace_id", "portfolio_id"),
        SCHEMA,
    )

    portfolio_id: Mapped[int]
    number: Mapped[str | None]

    def check_archive(self) -> None:
        """Raise Conflict while something is in it."""
        check_empty(self, PortfolioAccount.id == self.id)

    def check_merge(self, kept: PortfolioAccount) -> None:
        """Raise Conflict: the journal names the one that is gone."""
        raise Conflict("Accounts cannot be merged.", hint="Archive {reference} instead.", reference=self.reference)


class Access(Base):
    """Hold that somebody, a person or key, looked at a part of a portfolio, or at a customer's risk; never changed."""

    __tablename__ = "access"
    __table_args__ = (
        composite_key("portfolio_id", "finance.portfolio", ondelete="CASCADE"),
        composite_key("customer_id", "customer", ondelete="CASCADE"),
        Index(None, "workspace_id", "portfolio_id", "id"),
        Index(None, "workspace_id", "customer_id", "id"),
        CheckConstraint("num_nonnulls(portfolio_id, customer_id) = 1", name="subject"),
        SCHEMA,
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    portfolio_id: Mapped[int | None]
    customer_id: Mapped[int | None]
    at: Mapped[datetime] = mapped_column(server_default=func.now())
    who: Mapped[str | None]
    what: Mapped[str]


_HOLDS = text("""
SELECT 1 FROM finance.posting WHERE account_id = ANY(:accounts) GROUP BY account_id, currency, instrument_id
HAVING sum(coalesce(quantity, amount_minor)) <> 0 LIMIT 1
""")


def check_empty(record: Portfolio | PortfolioAccount, which: ColumnElement[bool]) -> None:
    """Raise Conflict while one of some accounts holds something, or owes it."""
    session = object_session(record)
    assert session is not None
    accounts = session.scalars(select(PortfolioAccount.id).where(which)).all()
    if session.scalar(_HOLDS, {"accounts": list(accounts)}):
        raise Conflict(
            "{name} is not empty.",
            name=record.name,
            hint="Sell what is in it, and move the money with `/crm transfer add`.",
        )


def is_booked(session: Session, account: PortfolioAccount) -> bool:
    """Tell whether the journal names an account."""
    return bool(session.scalar(_BOOKED, {"account": account.id}))


_BOOKED = text("SELECT EXISTS (SELECT FROM finance.posting WHERE account_id = :account)")


def add(session: Session, **given: Any) -> Portfolio:
    """Add a portfolio with an account in it, so that something can be booked at once."""
    portfolio = Portfolio.new(session, **given)
    PortfolioAccount.new(session, name=portfolio.name, portfolio_id=portfolio.id)
    return portfolio


def get(session: Session, number: int) -> Portfolio:
    """Return a portfolio by its number; raise NotFound where there is none."""
    return named.get(session, Portfolio, number)


def accounts(session: Session, portfolio: Portfolio) -> Sequence[PortfolioAccount]:
    """Return the accounts in a portfolio that are not archived, the oldest first."""
    theirs = (PortfolioAccount.portfolio_id == portfolio.id, PortfolioAccount.archived_at.is_(None))
    return session.scalars(select(PortfolioAccount).where(*theirs).order_by(PortfolioAccount.id)).all()


def of_customer(session: Session, customer_id: int) -> Sequence[Portfolio]:
    """Return a customer's portfolios that are not archived, by name."""
    theirs = (Portfolio.customer_id == customer_id, Portfolio.archived_at.is_(None))
    return session.scalars(select(Portfolio).where(*theirs).order_by(Portfolio.name_key, Portfolio.id)).all()


def accessed(session: Session, record: Portfolio | Customer, what: str, *, who: str | None = None) -> None:
    """Write down that somebody sees a part of a portfolio or a customer's risk: who the session acts for, or `who`."""
    of = {"portfolio_id": record.id} if isinstance(record, Portfolio) else {"customer_id": record.id}
    session.add(
        Access(
            workspace_id=current_workspace(session),
            **of,
            who=who or history.current_actor(session),
            what=what,
        )
    )
    session.flush()


def accessed_all(session: Session, portfolios: Sequence[int], what: str, *, who: str | None) -> None:
    """Write down that somebody is shown a sum over portfolios, by their numbers."""
    workspace = current_workspace(session)
    rows = [{"workspace_id": workspace, "portfolio_id": one, "who": who, "what": what} for one in portfolios]
    if rows:
        session.execute(insert(Access), rows)


def accesses(session: Session, record: Portfolio | Customer, limit: int) -> Sequence[Access]:
    """Return who looked at a portfolio, or at a customer's risk, the newest first, at most `limit`."""
    of = Access.portfolio_id if isinstance(record, Portfolio) else Access.customer_id
    theirs = select(Access).where(of == record.id)
    return session.scalars(theirs.order_by(Access.id.desc()).limit(limit)).all()
