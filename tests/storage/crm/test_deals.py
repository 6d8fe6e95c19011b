"""Show how deals are kept, moved, won, lost and listed."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from sqlalchemy import update
from sqlalchemy.orm import Session

from storage.crm import customers, deals, followups, pipelines
from storage.crm.deals import Deal
from storage.errors import Ambiguous, Invalid, NotFound
from storage.events import DealAdded, DealLost, DealMoved, DealWon, drain
from storage.money import LARGEST, Money
from storage.queues import due
from storage.records import lifecycle
from storage.records.history import recording, timeline, undo
from storage.records.query import parse_query
from tests.support.filter_values import Said

SOON = datetime(2030, 1, 7, 9, tzinfo=UTC)


def test_a_deal_begins_in_the_first_stage_with_what_was_said(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    deal = deals.add(
        session,
        name="Renewal",
        amount=Money(1_200_000, "EUR"),
        customer_id=acme.id,
        close_on=date(2030, 1, 31),
        owner_id="UREP",
    )
    assert (deal.reference, deal.stage.name, deal.status, deal.amount) == (
        "D-1",
        "Lead",
        "open",
        Money(1_200_000, "EUR"),
    )
    assert deal.customer is acme
    assert deal.owner is not None
    assert deal.owner.name == "Rep"
    bare = deals.add(session, name="Later", stage="prop")
    assert (bare.amount, bare.customer, bare.owner, bare.stage.name) == (None, None, None, "Proposal")
    assert [type(fact) for fact in drain(session)][1:] == [DealAdded, DealAdded]


@pytest.mark.parametrize(
    ("field", "values"),
    [
        ("name", {"name": "x" * 201}),
        ("amount", {"name": "Renewal", "amount": Money(-1, "EUR")}),
        ("amount", {"name": "Renewal", "amount": Money(LARGEST + 1, "EUR")}),
        ("stage", {"name": "Renewal", "stage": "won"}),
        ("stage", {"name": "Renewal", "stage": "nowhere"}),
    ],
)
def test_what_cannot_be_a_deal_names_its_field(session: Session, field: str, values: dict[str, Any]) -> None:
    with pytest.raises((Invalid, NotFound)) as caught:
        deals.add(session, **values)
    assert caught.value.field == field


def test_a_deal_is_found_by_reference_name_and_typo(session: Session) -> None:
    renewal = deals.add(session, name="Acme renewal")
    deals.add(session, name="Globex rollout")
    assert deals.resolve(session, "d-1") is deals.resolve(session, "acme r") is deals.get(session, 1) is renewal
    assert deals.find(session, "acme renwal") == [renewal]
    twin = deals.add(session, name="acme Renewal")
    with pytest.raises(Ambiguous) as caught:
        deals.resolve(session, "Acme renewal")
    assert caught.value.candidates == [renewal, twin]
    assert deals.likely_duplicates(session, "ACME renewal") == [renewal, twin]
    assert deals.likely_duplicates(session, "ACME renewal", customer_id=7) == []


def test_every_move_is_written_down_with_who_made_it(session: Session) -> None:
    with recording(session, actor_id="UREP", source="test"):
        deal = deals.add(session, name="Renewal")
        assert deals.move(session, deal, "qualified") == []
        assert deals.move(session, deal, "Qualified") == []
        deals.move(session, deal, "nego")
    names = {stage.id: stage.name for stage in pipelines.stages(session)}
    moves = [
        (names.get(change.from_stage_id or 0), names[change.to_stage_id], change.actor_id)
        for change in pipelines.changes(session, deal.id)
    ]
    assert moves == [(None, "Lead", "UREP"), ("Lead", "Qualified", "UREP"), ("Qualified", "Negotiation", "UREP")]
    assert deal.stage.name == "Negotiation"
    assert [type(fact) for fact in drain(session)] == [DealAdded, DealMoved, DealMoved]


def test_winning_closes_the_deal_and_cancels_its_open_followups(session: Session) -> None:
    deal, other = deals.add(session, name="Renewal"), deals.add(session, name="Other")
    call = followups.add(session, text="call back", due_at=SOON, zone="UTC", owner_id="UREP", about=deal)
    done = followups.done(
        session, followups.add(session, text="sent", due_at=SOON, zone="UTC", owner_id="UREP", about=deal)
    )
    kept = followups.add(session, text="elsewhere", due_at=SOON, zone="UTC", owner_id="UREP", about=other)
    assert deals.win(session, deal) == [call]
    assert (deal.status, deal.stage.name, deal.closed_at is not None) == ("won", "Won", True)
    assert [call.status, done.status, kept.status] == ["cancelled", "done", "open"]
    assert due.get(session, "followup", call.reference) is None
    assert due.get(session, "followup", kept.reference) is not None
    assert isinstance(drain(session)[-1], DealWon)


def test_losing_keeps_the_reason_and_moving_back_opens_the_deal_again(session: Session) -> None:
    deal = deals.add(session, name="Renewal")
    deals.lose(session, deal, "too expensive")
    closed_at = deal.closed_at
    assert (deal.status, deal.stage.name, deal.lost_reason) == ("lost", "Lost", "too expensive")
    assert isinstance(drain(session)[-1], DealLost)
    deals.lose(session, deal, "went with a competitor")
    assert (deal.lost_reason, deal.closed_at) == ("went with a competitor", closed_at)
    deals.move(session, deal, "proposal")
    assert (deal.status, deal.lost_reason, deal.closed_at) == ("open", None, None)
    deals.move(session, deal, "lost", reason="no budget")
    assert deal.lost_reason == "no budget"
    with pytest.raises(Invalid) as caught:
        deals.lose(session, deals.add(session, name="Another"), "x" * 10_001)
    assert caught.value.field == "reason"


def test_undoing_a_win_opens_the_deal_and_its_followups_again(session: Session) -> None:
    deal = deals.add(session, name="Renewal")
    call = followups.add(session, text="call back", due_at=SOON, zone="UTC", owner_id="UREP", about=deal)
    with recording(session, actor_id="UREP", source="test"):
        deals.win(session, deal)
    with recording(session, actor_id="UREP", source="test"):
        undo(session, "UREP")
    assert (deal.status, deal.closed_at, call.status, call.closed_at) == ("open", None, "open", None)
    waiting = due.get(session, "followup", call.reference)
    assert waiting is not None
    assert waiting.at == SOON
    assert len(pipelines.changes(session, deal.id)) == 3


def test_fields_change_and_the_timeline_tells(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    with recording(session, actor_id="UREP", source="test"):
        deal = deals.add(session, name="Renewal")
    with recording(session, actor_id="UMANAGER", source="test"):
        wanted = {"name": "Big renewal", "amount": Money(5, "JPY"), "customer": acme.id, "close": date(2030, 2, 1)}
        assert lifecycle.change(session, deals.DEAL, deal, {**wanted, "stage": deal.stage_id}) == []
    newest = timeline(session, "deal", deal.id)[0]
    assert newest.change_set.actor_id == "UMANAGER"
    assert newest.after is not None
    assert newest.after["name"] == "Big renewal"
    assert deal.customer is acme
    assert deals.resolve(session, "big") is deal


def test_open_deals_are_listed_by_closing_date_and_closed_ones_by_when(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    late = deals.add(session, name="late", close_on=date(2030, 3, 1), owner_id="UREP", customer_id=acme.id)
    soon = deals.add(session, name="soon", close_on=date(2030, 2, 1), owner_id="UREP", stage="proposal")
    never = deals.add(session, name="never", owner_id="UMANAGER")
    won = deals.add(session, name="won", owner_id="UREP")
    deals.win(session, won)
    assert deals.list_deals(session) == [soon, late, never]
    assert deals.list_deals(session, owner_id="UREP") == [soon, late]
    assert deals.list_deals(session, customer_id=acme.id) == [late]
    assert deals.list_deals(session, stage_id=soon.stage_id) == [soon]
    assert deals.list_deals(session, limit=1, offset=1) == [late]
    assert deals.list_deals(session, closed=True) == [won]
    assert set(deals.list_deals(session, closed=None)) == {soon, late, never, won}


def test_deals_are_filtered_and_sorted_by_what_was_written(session: Session) -> None:
    acme = customers.add(session, name="Acme")
    small = deals.add(session, name="small", amount=Money(5_000_00, "USD"), owner_id="UREP", customer_id=acme.id)
    large = deals.add(session, name="large", amount=Money(50_000_00, "USD"), close_on=date(2030, 1, 4), owner_id="UREP")
    huge = deals.add(session, name="huge", amount=Money(90_000_00, "USD"), stage="proposal")
    lost = deals.add(session, name="lost", amount=Money(20_000_00, "USD"))
    deals.lose(session, lost)

    def listed(typed: str, **more: Any) -> list[Deal]:
        query = parse_query(typed)
        where = query.where(session, deals.DEAL.filters, Said())
        return deals.list_deals(session, *where, order_by=query.order_by(deals.DEAL.filters), **more)

    assert listed("amount>10k sort:-amount") == [huge, large]
    assert listed("owner:rep sort:amount") == [small, large]
    assert listed("close<2030-02-01") == [large]
    assert listed("stage:proposal") == [huge]
    assert listed("customer:acme") == [small]
    assert listed("status:lost", closed=None) == [lost]


def test_a_touch_makes_a_deal_fresh_without_changing_its_version(session: Session) -> None:
    deal = deals.add(session, name="Renewal")
    long_ago = datetime.now(UTC) - timedelta(days=30)
    session.execute(update(Deal).values(touched_at=long_ago, updated_at=long_ago))
    deals.touch(session, deal.id)
    session.refresh(deal)
    assert deal.touched_at > long_ago
    assert (deal.updated_at, deal.version) == (long_ago, 1)
