"""Describe deals: their table, and what is written whenever one changes its stage."""

from collections.abc import Collection
from datetime import date, datetime
from typing import Any

from sqlalchemy import CheckConstraint, Index, Table, event, func, inspect, text
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship

from storage.beside import with_flush
from storage.crm.customers import Customer
from storage.crm.pipelines import Outcome, Stage, StageChange, enter
from storage.database.engine import TENANT, Base, composite_key
from storage.errors import Conflict, Invalid
from storage.money import LARGEST, Money
from storage.records.history import CREATED, current_actor
from storage.records.named import Key, Named, named_args, newest_first, one_of
from storage.workspace.members import Member


class Deal(Named, Base):
    """Describe a sale; it is open exactly while `closed_at` is empty."""

    __noun__ = "deal"
    __letter__ = "D"
    __owner__ = "owner_id"
    __tablename__ = "deal"
    __table_args__ = (
        *named_args("deal"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("stage_id", "stage"),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        one_of("status", tuple(Outcome)),
        CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed"),
        CheckConstraint("status = 'lost' OR lost_reason IS NULL", name="lost_reason"),
        CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="amount"),
        CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        # Open deals are listed by closing date, closed ones by when they were closed.
        *(
            Index(
                f"deal_open{name}_idx",
                "workspace_id",
                *by,
                "close_on",
                "id",
                postgresql_where=text("closed_at IS NULL"),
            )
            for name, by in (("", ()), ("_owner", ("owner_id",)), ("_stage", ("stage_id",)))
        ),
        Index(None, "workspace_id", "customer_id", "close_on", "id"),
        newest_first("deal_closed_idx", "closed_at"),
        newest_first("deal_closed_owner_idx", "owner_id", "closed_at"),
        newest_first("deal_closed_status_idx", "status", "closed_at"),
        Index(
            "deal_amount_idx",
            "workspace_id",
            text("amount_minor DESC NULLS LAST"),
            text("id DESC"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index(
            "deal_currency_amount_idx",
            "workspace_id",
            "currency",
            text("amount_minor DESC NULLS LAST"),
            text("id DESC"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        *(
            Index(
                f"deal_touched{name}_idx", "workspace_id", *by, "touched_at", postgresql_where=text("closed_at IS NULL")
            )
            for name, by in (("", ()), ("_owner", ("owner_id",)))
        ),
        # A digest adds up the open deals from this alone.
        Index(
            "deal_pipeline_idx",
            "workspace_id",
            "stage_id",
            "currency",
            postgresql_include=["amount_minor", "owner_id", "touched_at"],
            postgresql_where=text("closed_at IS NULL AND merged_into_id IS NULL"),
        ),
        newest_first("deal_closed_reason_idx", "closed_reason", "closed_at", where="closed_reason IS NOT NULL"),
        {"info": TENANT},
    )

    customer_id: Mapped[int | None]
    stage_id: Mapped[int] = mapped_column(active_history=True)
    status: Mapped[str] = mapped_column(server_default=Outcome.OPEN.value)
    amount_minor: Mapped[int | None]
    currency: Mapped[str | None]
    close_on: Mapped[date | None]
    owner_id: Mapped[str | None]
    closed_at: Mapped[datetime | None]
    lost_reason: Mapped[str | None]
    closed_reason: Mapped[Key | None]
    stage_since: Mapped[datetime] = mapped_column(server_default=func.now())
    touched_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    customer: Mapped[Customer | None] = relationship(viewonly=True)
    stage: Mapped[Stage] = relationship(viewonly=True)
    owner: Mapped[Member | None] = relationship(viewonly=True)

    @property
    def pipeline_id(self) -> int:
        """Return the number of the pipeline that the deal is in."""
        return self.stage.pipeline_id

    def undoing(self, session: Session, action: str) -> None:
        """Let a deal that is set back into a stage that went out of use meanwhile into what it became."""
        if action != CREATED and (stage := enter(session, self.stage_id)).id != self.stage_id:
            self.stage_id = stage.id

    @classmethod
    def undoing_together(cls, session: Session, rows: Collection[Any], names: Collection[str]) -> None:
        """Do for many deals what `undoing` does for one, with one look at each stage."""
        entered = {stage_id: enter(session, stage_id).id for stage_id in sorted({deal.stage_id for deal in rows})}
        for deal in rows:
            deal.stage_id = entered[deal.stage_id]

    def check_archive(self) -> None:
        """Raise Conflict for a deal that is still open, as figures go on counting it."""
        if self.closed_at is None:
            raise Conflict("{reference} is still open.", reference=self.reference, hint="Win or lose it first.")

    @property
    def began_in(self) -> int | None:
        """Return the stage in which a deal that comes from elsewhere began there; None for all others. No column."""
        began: int | None = self.__dict__.get("_began_in")
        return began

    @began_in.setter
    def began_in(self, stage_id: int) -> None:
        self.__dict__["_began_in"] = stage_id

    @property
    def amount(self) -> Money | None:
        """Return what the deal is worth, None if nobody said."""
        if self.amount_minor is None or self.currency is None:
            return None
        return Money(self.amount_minor, self.currency)

    @amount.setter
    def amount(self, amount: Money | None) -> None:
        self.amount_minor, self.currency = (None, None) if amount is None else (amount.minor, amount.currency)


assert isinstance(StageChange.__table__, Table)
_STAGE_CHANGE = StageChange.__table__


@event.listens_for(Deal, "after_insert")
@event.listens_for(Deal, "after_update")
def _record_stage_change(_mapper: Any, _connection: Any, deal: Deal) -> None:
    # On the write itself, so that an undo leaves its move in the record like any other.
    change = inspect(deal).attrs.stage_id.history
    if not change.added:
        return
    session = object_session(deal)
    assert session is not None
    row = {
        "workspace_id": deal.workspace_id,
        "deal_id": deal.id,
        "from_stage_id": change.deleted[0] if change.deleted else None,
        "to_stage_id": deal.stage_id,
        "actor_id": current_actor(session),
    }
    with_flush(session, _STAGE_CHANGE, _as_elsewhere(deal, row) if deal.began_in is not None else [row])


def _as_elsewhere(deal: Deal, row: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the changes of a deal that comes from elsewhere, at the times they were made there."""
    first = {**row, "to_stage_id": deal.began_in, "at": deal.created_at}
    last = {**row, "from_stage_id": deal.began_in, "at": deal.stage_since}
    return [first] if deal.began_in == deal.stage_id else [first, last]


def check_amount(amount: Money | None, *, field: str = "amount") -> Money | None:
    """Return the amount; raise Invalid if it is negative or too large to be added up."""
    if amount is not None and not 0 <= amount.minor <= LARGEST:
        raise Invalid("This amount cannot be stored.", field=field)
    return amount
