"""Filters and orders as people write them, against the tables they are for."""

from __future__ import annotations

from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import select, text
from sqlalchemy.orm import Session

from storage.crm import customers, deals
from storage.crm.customers import Customer
from storage.crm.deals import Deal
from storage.errors import Ambiguous, Invalid, NotFound
from storage.money import Money
from storage.records.comparisons import Field, Fields
from storage.records.query import Condition, Query, Sort, parse_filters, parse_query

FIELDS = Fields(
    {
        "amount": Field(Deal.amount_minor, kind="money", currency=Deal.currency),
        "close": Field(Deal.close_on, kind="date"),
        "created": Field(Deal.created_at, kind="moment", past=True),
        "owner": Field(Deal.owner_id, kind="member"),
        "status": Field(Deal.status, kind="choice", choices=("open", "won", "lost")),
        "customer": Field(Deal.customer_id, kind="record", resolve=customers.resolve),
        "name": Field(Deal.name_key, kind="name"),
        "id": Field(Deal.id, kind="number"),
        "outcome": Field(Deal.status, kind="keys", resolve=lambda _session, said: {"done": ["won", "lost"]}[said]),
    },
    tie=Deal.id,
)


class Plain:
    """Read values as a program writes them."""

    def amounts(self, text: str) -> tuple[Money, Money]:
        numbers, _, currency = text.partition(" ")
        low, _, high = numbers.partition("..")
        return Money(int(low) * 100, currency or "EUR"), Money(int(high or low) * 100, currency or "EUR")

    def days(self, text: str, *, past: bool) -> tuple[date, date]:
        first, _, last = text.partition("..")
        try:
            return date.fromisoformat(first), date.fromisoformat(last or first)
        except ValueError:
            raise Invalid("{text} is not a date.", text=text) from None

    def span(self, text: str, *, past: bool) -> tuple[datetime, datetime]:
        zone = ZoneInfo("Asia/Shanghai")
        first, last = self.days(text, past=past)
        return datetime.combine(first, time(), zone), datetime.combine(last, time(), zone) + timedelta(1)

    def member(self, text: str) -> str:
        return "UREP" if text == "me" else text


@pytest.fixture
def pipeline(session: Session) -> Session:
    """Six deals: small, big and foreign, with and without amount, owner, customer and date."""
    acme = customers.add(session, name="Acme Corp")
    customers.add(session, name="Globex")
    customers.add(session, name="Globex Asia")

    def add(name: str, **values: Any) -> Deal:
        return deals.add(session, name=name, **values)

    add("Small", amount=Money(5_000_00, "EUR"), close_on=date(2026, 12, 1), owner_id="UREP", customer_id=acme.id)
    add("Big", amount=Money(50_000_00, "EUR"), close_on=date(2026, 12, 31), owner_id="UMANAGER")
    add("Bigger, “quoted”", amount=Money(90_000_00, "EUR"), close_on=date(2027, 1, 31), owner_id="UREP")
    add("Yankee", amount=Money(70_000_00, "USD"), close_on=date(2026, 12, 31), owner_id="UREP")
    add("Unpriced")
    lost = add("Gone", amount=Money(1_00, "EUR"))
    deals.lose(session, lost)
    session.execute(text("UPDATE deal SET created_at = '2026-01-15 18:00+00' WHERE name = 'Small'"))
    session.execute(text("UPDATE deal SET created_at = '2026-01-15 02:00+00' WHERE name = 'Big'"))
    return session


def found(session: Session, line: str) -> list[str]:
    query = parse_query(line)
    names = session.scalars(query.apply(session, select(Deal.name), FIELDS, Plain()))
    return list(names) if query.sort else sorted(names)


# Together in one test: each has the same database, which takes longer to make than all of them to run.
FOUND = {
    "amount>10000": ["Big", "Bigger, “quoted”"],
    "amount>=50000 amount<90000": ["Big"],
    "amount<=5000": ["Gone", "Small"],
    'amount:"70000 USD"': ["Yankee"],
    "amount=5000": ["Small"],
    "amount!=5000": ["Big", "Bigger, “quoted”", "Gone", "Unpriced", "Yankee"],
    "amount:5000..50000": ["Big", "Small"],
    "amount!=5000..50000": ["Bigger, “quoted”", "Gone", "Unpriced", "Yankee"],
    "amount<5000..50000": ["Gone"],
    "amount<=5000..50000": ["Big", "Gone", "Small"],
    "amount>5000..50000": ["Bigger, “quoted”"],
    "amount>=5000..50000": ["Big", "Bigger, “quoted”", "Small"],
    'amount:"1..90000 USD"': ["Yankee"],
    "amount:none": ["Unpriced"],
    "close<2026-12-31": ["Small"],
    "close<=2026-12-31": ["Big", "Small", "Yankee"],
    "close>2026-12-31": ["Bigger, “quoted”"],
    "close:2026-12-31": ["Big", "Yankee"],
    "close!=2026-12-31": ["Bigger, “quoted”", "Gone", "Small", "Unpriced"],
    "close:2026-12-01..2026-12-31": ["Big", "Small", "Yankee"],
    "close!=2026-12-01..2026-12-31": ["Bigger, “quoted”", "Gone", "Unpriced"],
    "close<2026-12-02..2026-12-30": ["Small"],
    "close<=2026-12-02..2026-12-31": ["Big", "Small", "Yankee"],
    "close>2026-11-01..2026-12-31": ["Bigger, “quoted”"],
    "close>=2026-12-31..2027-01-31": ["Big", "Bigger, “quoted”", "Yankee"],
    "close:none status:open": ["Unpriced"],
    "owner:me": ["Bigger, “quoted”", "Small", "Yankee"],
    "owner!=me": ["Big", "Gone", "Unpriced"],
    "owner:me,UMANAGER": ["Big", "Bigger, “quoted”", "Small", "Yankee"],
    "owner:none": ["Gone", "Unpriced"],
    "owner!=none status:OPEN": ["Big", "Bigger, “quoted”", "Small", "Yankee"],
    "status:lost": ["Gone"],
    "status:lost,won": ["Gone"],
    "status!=open": ["Gone"],
    "outcome:done": ["Gone"],
    "outcome!=done owner:UMANAGER": ["Big"],
    "customer:acme": ["Small"],
    "customer:C-1": ["Small"],
    'customer:"Acme Corp"': ["Small"],
    "customer:acme,globex": ["Small"],
    'customer:"acme, globex asia"': ["Small"],
    "customer!=acme,C-2 status:open": ["Big", "Bigger, “quoted”", "Unpriced", "Yankee"],
    "customer!=acme status:open": ["Big", "Bigger, “quoted”", "Unpriced", "Yankee"],
    "name:BIG": ["Big", "Bigger, “quoted”"],
    "name=big": ["Big"],
    "name!=big close:2026-12-31": ["Yankee"],
    "id<=2": ["Big", "Small"],
    "id:2..1": ["Big", "Small"],
    "id!=1..4": ["Gone", "Unpriced"],
    "id!=1 id!=2 status:open": ["Bigger, “quoted”", "Unpriced", "Yankee"],
    # Six in the evening in UTC is the next day in Shanghai.
    "created:2026-01-16": ["Small"],
    "created:2026-01-15": ["Big"],
    "created<2026-01-16": ["Big"],
    "created<=2026-01-16": ["Big", "Small"],
    "created>2026-01-15 created<=2026-01-16": ["Small"],
    "created:2026-01-15..2026-01-16": ["Big", "Small"],
    "created>=2026-01-15 created<2026-01-17": ["Big", "Small"],
    "created!=2026-01-15 created<2026-02-01": ["Small"],
    "owner:me amount>10000": ["Bigger, “quoted”"],
    "sort:amount": ["Gone", "Small", "Big", "Yankee", "Bigger, “quoted”", "Unpriced"],
    "owner:me sort:-amount": ["Bigger, “quoted”", "Yankee", "Small"],
    "close:2026-12-31 sort:close,-name": ["Yankee", "Big"],
    "close:2026-12-31 sort:-close": ["Yankee", "Big"],
    "close:2026-12-31 sort:close": ["Big", "Yankee"],
    "created<2026-02-01 sort:-created": ["Small", "Big"],
    "": ["Big", "Bigger, “quoted”", "Gone", "Small", "Unpriced", "Yankee"],
}


def test_filters_find_what_they_say(pipeline: Session) -> None:
    assert {line: found(pipeline, line) for line in FOUND} == FOUND


REFUSED = [
    (
        "amuont>5",
        "There is no amuont to filter or sort by. Did you mean amount? There are amount, close,",
        "amuont",
    ),
    (
        "colour:red",
        "There is no colour to filter or sort by. There are amount, close, created, customer,",
        "colour",
    ),
    ("owner>me", "owner has no order, so it cannot be compared with >. Write owner:me or owner!=me.", "owner"),
    ("status<=open", "status has no order", "status"),
    ("name<b", "name has no order", "name"),
    ("status:opne", "opne is not a status. Did you mean open? There are open, won, lost.", "status"),
    ("status:zzz", "zzz is not a status. There are open, won, lost.", "status"),
    ("close<someday", "someday is not a date.", "close"),
    ("id:x", "x is not a number.", "id"),
    ("id:1..", " is not a number.", "id"),
    ("id:9223372036854775808", "9223372036854775808 is not a number.", "id"),
    ("sort:owner", "There is no order by owner.", "sort"),
    ("sort:colour", "There is no colour to filter or sort by.", "colour"),
]


def test_what_cannot_be_asked_is_refused_with_what_can(session: Session) -> None:
    for line, sentence, field in REFUSED:
        with pytest.raises(Invalid) as caught:
            found(session, line)
        error = caught.value
        assert " ".join([str(error), (error.hint or "").format(**error.params)]).startswith(sentence)
        assert error.field == field


def test_a_record_that_is_not_one_is_refused_as_everywhere(pipeline: Session) -> None:
    with pytest.raises(NotFound):
        found(pipeline, "customer:umbrella")
    with pytest.raises(Ambiguous):
        found(pipeline, "customer:glob")


def test_words_are_told_apart_from_filters() -> None:
    query = parse_query('big "amount>5 000" Owner:me https://x.y 10:30 sort:-amount,close')
    assert query.conditions == (Condition("amount", ">", "5 000"), Condition("owner", ":", "me"))
    assert query.sort == (Sort("amount", True), Sort("close", False))
    assert query.text == "big https://x.y 10:30"
    assert query.asks("owner", "status")
    assert not query.asks("status")
    assert parse_filters(["customer:Acme Corp, Inc", "in talks"]) == Query(
        (Condition("customer", ":", "Acme Corp, Inc"),), (), "in talks"
    )


def test_no_order_is_added_where_none_was_asked_for() -> None:
    assert parse_query("owner:me").order_by(FIELDS) == []


@pytest.mark.parametrize("line", ["amount>", "owner:", "sort:", 'name:""', 'name:"Acme'])
def test_a_filter_without_a_value_or_a_closed_quote_is_refused(line: str) -> None:
    with pytest.raises(Invalid, match=r"no value|never closed"):
        parse_query(line)


@pytest.mark.parametrize("kind", ["money", "choice", "record"])
def test_a_field_without_what_its_kind_needs_is_a_fault(kind: Any) -> None:
    with pytest.raises(ValueError, match=kind):
        Field(Customer.name_key, kind=kind)


def test_more_filters_than_anybody_needs_are_refused() -> None:
    for word in ("id:1", "sort:" + "id," * 51):
        with pytest.raises(Invalid, match="more than 50 filters"):
            parse_filters([word] * 51)


@given(st.text())
def test_any_text_is_read_or_refused(line: str) -> None:
    try:
        query = parse_query(line)
    except Invalid as error:
        assert error.typed is not None
    else:
        assert all(condition.value for condition in query.conditions)


def test_every_comparison_may_use_an_index_under_row_level_security(session: Session) -> None:
    leaking = session.execute(
        text(
            "SELECT o.oprname || ' ' || o.oprleft::regtype FROM pg_operator o JOIN pg_proc p ON p.oid = o.oprcode"
            " WHERE o.oprname IN ('=', '<>', '<', '<=', '>', '>=') AND o.oprleft = o.oprright AND NOT p.proleakproof"
            " AND o.oprleft IN ('text'::regtype, 'int8'::regtype, 'date'::regtype, 'timestamptz'::regtype)"
        )
    )
    assert list(leaking.scalars()) == []


def test_values_are_sent_as_the_type_of_their_column(session: Session) -> None:
    customers.add(session, name="Acme")
    line = "amount>5 close>2026-01-01 created>2026-01-01 owner:me status:open customer:acme name:x id:1"
    compiled = str(parse_query(line).apply(session, select(Deal.id), FIELDS, Plain()).compile(session.get_bind()))
    casts = {cast.split(")")[0] for cast in compiled.split("::")[1:]}
    assert {"BIGINT", "DATE", "TIMESTAMP WITH TIME ZONE"} <= {cast.split(" AND")[0].split("\n")[0] for cast in casts}
    assert "LIKE" not in compiled
    assert "lower" not in compiled
