"""Keep the sales a team works on, and move them through the pipeline."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from sqlalchemy import CheckConstraint, Index, event, func, insert, inspect, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session, relationship, selectinload

from storage import pipelines, records
from storage.customers import Customer
from storage.database import TENANT, Base, composite_key
from storage.errors import Invalid
from storage.events import DealAdded, DealLost, DealMoved, DealWon, Fact, emit
from storage.history import current_actor
from storage.members import Member
from storage.money import LARGEST, Money
from storage.names import check_name, check_note
from storage.pipelines import Outcome, Stage, StageChange
from storage.records import PAGE, Named, moment, named_args, namesakes, one_of
from storage.references import Noun

if TYPE_CHECKING:
    from storage.followups import Followup


class Deal(Named, Base):
    """Describe a sale; it is open exactly while `closed_at` is empty."""

    __noun__ = Noun.DEAL
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
        Index(None, "workspace_id", "owner_id", "closed_at"),
        Index(None, "workspace_id", "status", "closed_at"),
        Index(
            "deal_amount_idx",
            "workspace_id",
            text("amount_minor DESC NULLS LAST"),
            text("id DESC"),
            postgresql_where=text("closed_at IS NULL"),
        ),
        Index("deal_touched_at_idx", "workspace_id", "touched_at", postgresql_where=text("closed_at IS NULL")),
        Index(None, "workspace_id", "created_at"),
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
    stage_since: Mapped[datetime] = mapped_column(server_default=func.now())
    touched_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())

    customer: Mapped[Customer | None] = relationship(viewonly=True)
    stage: Mapped[Stage] = relationship(viewonly=True)
    owner: Mapped[Member | None] = relationship(viewonly=True)

    @property
    def amount(self) -> Money | None:
        """Return what the deal is worth, None if nobody said."""
        if self.amount_minor is None or self.currency is None:
            return None
        return Money(self.amount_minor, self.currency)

    @amount.setter
    def amount(self, amount: Money | None) -> None:
        self.amount_minor, self.currency = (None, None) if amount is None else (amount.minor, amount.currency)


_SHOWN = (selectinload(Deal.customer), selectinload(Deal.stage), selectinload(Deal.owner))


@event.listens_for(Deal, "after_insert")
@event.listens_for(Deal, "after_update")
def _record_stage_change(_mapper: Any, connection: Any, deal: Deal) -> None:
    # On the write itself, so that an undo leaves its move in the record like any other.
    change = inspect(deal).attrs.stage_id.history
    if not change.added:
        return
    session = object_session(deal)
    assert session is not None
    connection.execute(
        insert(StageChange).values(
            workspace_id=deal.workspace_id,
            deal_id=deal.id,
            from_stage_id=change.deleted[0] if change.deleted else None,
            to_stage_id=deal.stage_id,
            actor_id=current_actor(session),
        )
    )


def add(
    session: Session,
    *,
    name: str,
    amount: Money | None = None,
    customer_id: int | None = None,
    close_on: date | None = None,
    owner_id: str | None = None,
    stage: str | None = None,
) -> Deal:
    """Add a deal in an open stage of the default pipeline, the first if none is named.

    Raises Invalid if a value can not be stored or the stage is not an open one, NotFound if there is no such stage.
    """
    into = pipelines.stages(session)[0] if stage is None else pipelines.resolve_stage(session, stage)
    if into.outcome != Outcome.OPEN:
        raise Invalid(
            "A new deal begins in an open stage, not in {stage}.", field="stage", typed=stage, stage=into.name
        )
    deal = Deal.new(
        session,
        name=check_name(name),
        amount=check_amount(amount),
        customer_id=customer_id,
        close_on=close_on,
        owner_id=owner_id,
        stage_id=into.id,
    )
    emit(session, DealAdded(deal))
    return deal


def get(session: Session, deal_id: int) -> Deal:
    """Return the deal with this number, or the one it was merged into; raise NotFound if there is none."""
    return records.get(session, Deal, deal_id)


def resolve(session: Session, text: str) -> Deal:
    """Return the deal a person means: by reference, name, or beginning of the name.

    Raises Ambiguous with the candidates, or NotFound with up to three near names.
    """
    return records.resolve(session, Deal, text)


def find(session: Session, text: str, limit: int = 10) -> list[Deal]:
    """Return the deals whose name is like the text, best first."""
    return records.near(session, Deal, text, limit)


def likely_duplicates(session: Session, name: str, customer_id: int | None = None) -> list[Deal]:
    """Return up to five open deals of the same name, of the same customer if one is given."""
    return namesakes(
        session,
        Deal,
        name,
        Deal.closed_at.is_(None),
        *([] if customer_id is None else [Deal.customer_id == customer_id]),
    )


def update_deal(
    session: Session,
    deal: Deal,
    *,
    name: str | None = None,
    amount: Money | None = None,
    customer_id: int | None = None,
    close_on: date | None = None,
    owner_id: str | None = None,
) -> Deal:
    """Change what is given; raise Invalid if a value can not be stored, Conflict if someone else was quicker."""
    if name is not None:
        deal.name = check_name(name)
    if amount is not None:
        deal.amount = check_amount(amount)
    if customer_id is not None:
        deal.customer_id = customer_id
    if close_on is not None:
        deal.close_on = close_on
    if owner_id is not None:
        deal.owner_id = owner_id
    return _saved(session, deal)


def move(session: Session, deal: Deal, stage_name: str, *, reason: str | None = None) -> list[Followup]:
    """Put a deal into the stage of this name and return the follow-ups that were cancelled because it is closed.

    Into a won or lost stage it is won or lost, for this reason; out of one it is open again. Raises NotFound naming the
    stages.
    """
    return _enter(session, deal, pipelines.resolve_stage(session, stage_name, deal.stage.pipeline_id), reason)


def win(session: Session, deal: Deal) -> list[Followup]:
    """Mark a deal as won and return its open follow-ups, which are cancelled with it."""
    return _enter(session, deal, pipelines.stage_with(session, Outcome.WON, deal.stage.pipeline_id), None)


def lose(session: Session, deal: Deal, reason: str | None = None) -> list[Followup]:
    """Mark a deal as lost and return its open follow-ups, which are cancelled with it; raise Invalid for the reason."""
    return _enter(session, deal, pipelines.stage_with(session, Outcome.LOST, deal.stage.pipeline_id), reason)


def _enter(session: Session, deal: Deal, stage: Stage, reason: str | None) -> list[Followup]:
    now = moment()
    why = check_note(reason, field="reason") if reason and stage.outcome == Outcome.LOST else None
    if stage.id == deal.stage_id:
        if why is not None:
            deal.lost_reason = why
            _saved(session, deal)
        return []
    reopened = stage.outcome == Outcome.OPEN
    deal.closed_at = None if reopened else (deal.closed_at if deal.status == stage.outcome else now)
    deal.stage_id, deal.status, deal.lost_reason = stage.id, stage.outcome, why
    deal.stage_since = now
    _saved(session, deal)
    emit(session, _MOVED[Outcome(stage.outcome)](deal))
    if reopened:
        return []
    from storage import followups  # follow-ups are about deals, so their module needs this one first

    return followups.cancel_about(session, deal)


_MOVED: dict[Outcome, type[Fact]] = {Outcome.OPEN: DealMoved, Outcome.WON: DealWon, Outcome.LOST: DealLost}


def _saved(session: Session, deal: Deal) -> Deal:
    session.flush()
    session.expire(deal, ["customer", "stage", "owner"])
    return deal


def touch(session: Session, deal_id: int) -> None:
    """Note that somebody worked on the deal now, so that it is not stalled; its version and its history stay."""
    session.execute(
        update(Deal)
        .where(Deal.id == deal_id)
        .values(touched_at=moment(), updated_at=Deal.updated_at)
        .execution_options(synchronize_session=False)
    )


def list_deals(
    session: Session,
    *where: Any,
    owner_id: str | None = None,
    customer_id: int | None = None,
    stage_id: int | None = None,
    order_by: Sequence[Any] = (),
    limit: int = PAGE,
    offset: int = 0,
    closed: bool | None = False,
) -> list[Deal]:
    """Return deals with customer, stage and owner loaded, at most `limit`: open ones by closing date.

    `closed=True` gives those won or lost, newest first, None both. `where` and `order_by` are conditions and columns as
    `storage.query` makes them.
    """
    statement = select(Deal).where(Deal.merged_into_id.is_(None), *where).options(*_SHOWN)
    for column, value in ((Deal.owner_id, owner_id), (Deal.customer_id, customer_id), (Deal.stage_id, stage_id)):
        if value is not None:
            statement = statement.where(column == value)
    if closed is not None:
        statement = statement.where(Deal.closed_at.is_not(None) if closed else Deal.closed_at.is_(None))
    usual = (Deal.closed_at.desc(), Deal.id) if closed else (Deal.close_on, Deal.id)
    return list(session.scalars(statement.order_by(*(order_by or usual)).limit(limit).offset(offset)))


def check_amount(amount: Money | None, *, field: str = "amount") -> Money | None:
    """Return the amount; raise Invalid if it is negative or too large to be added up."""
    if amount is not None and not 0 <= amount.minor <= LARGEST:
        raise Invalid("This amount can not be stored.", field=field)
    return amount
