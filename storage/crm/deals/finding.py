"""Find and list deals."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session, selectinload

from storage.crm.deals.model import Deal
from storage.records import named
from storage.records.named import PAGE, namesakes


def get(session: Session, deal_id: int) -> Deal:
    """Return the deal with this number, or the one it was merged into; raise NotFound if there is none."""
    return named.get(session, Deal, deal_id)


def resolve(session: Session, text: str) -> Deal:
    """Return the deal a person means: by reference, name, or beginning of the name.

    Raises Ambiguous with the candidates, or NotFound with up to three near names.
    """
    return named.resolve(session, Deal, text)


def find(session: Session, text: str, limit: int = 10) -> list[Deal]:
    """Return the deals whose name is like the text, best first."""
    return named.near(session, Deal, text, limit)


def likely_duplicates(session: Session, name: str, customer_id: int | None = None) -> list[Deal]:
    """Return up to five open deals of the same name, of the same customer if one is given."""
    return namesakes(
        session,
        Deal,
        name,
        Deal.closed_at.is_(None),
        *([] if customer_id is None else [Deal.customer_id == customer_id]),
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
    `storage.records.query` makes them.
    """
    shown = selectinload(Deal.customer), selectinload(Deal.stage), selectinload(Deal.owner)
    live = (Deal.merged_into_id.is_(None), Deal.archived_at.is_(None))
    statement = select(Deal).where(*live, *where).options(*shown)
    for column, value in ((Deal.owner_id, owner_id), (Deal.customer_id, customer_id), (Deal.stage_id, stage_id)):
        if value is not None:
            statement = statement.where(column == value)
    if closed is not None:
        statement = statement.where(Deal.closed_at.is_not(None) if closed else Deal.closed_at.is_(None))
    usual = (Deal.closed_at.desc().nulls_last(), Deal.id.desc()) if closed else (Deal.close_on, Deal.id)
    return list(session.scalars(statement.order_by(*(order_by or usual)).limit(limit).offset(offset)))
