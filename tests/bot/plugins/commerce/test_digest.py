"""Tell in digests what the shop did, and show the records behind each number."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from sqlalchemy import event
from sqlalchemy.orm import Session

from bot.kit import blocks as b
from bot.kit.format import Reader
from bot.plugins.commerce import digest
from bot.testing import Company
from storage.digests.metrics import Period


def plain(text: str) -> str:
    return " ".join(text.replace("*", "").replace("`", "").split())


def test_a_digest_tells_what_was_sold_and_each_number_shows_its_records(company: Company) -> None:
    rep = company.rep
    company.gives("manager", "manager")
    rep.types("/customer add Harbor Lines")
    rep.types("/crm product add Mug sku:MUG-1 price:12.50 stock:50")
    rep.types("/crm product add Hat sku:HAT-1 price:20 stock:50")
    rep.types("/crm order add harbor MUG-1:2")
    rep.types("/crm order add harbor HAT-1:3")
    rep.types("/crm order add harbor HAT-1:1")
    rep.types("/crm order cancel O-3")
    rep.types("/crm order ship O-1")
    rep.types("/crm order paid O-1")
    rep.types("/crm order return O-1 MUG-1:1")
    rep.types("/crm order refund O-1 amount:5")
    rep.types("/crm review add Broke stars:1")
    rep.types("/crm review add Lovely stars:4")
    company.manager.types("/digest new")
    company.manager.submits({"Name": "Shop", "What": ["Shop"]})
    company.manager.sees("It comes for the first time")
    company.manager.clicks("Send now")
    told = plain(company.manager.sees("Sold best", channel="@Rapport"))
    for part in (
        "$85 from 2 orders that stand",
        "$5 paid back of 1 order",
        "Goods of 1 order sent back",
        "2 reviews, ★★☆☆☆ 2.5 on average, 1 of one or two stars",
        "1. Hat HAT-1: 3",
        "2. Mug MUG-1: 2",
    ):
        assert part in told, part
    company.manager.clicks("Show", channel="@Rapport")
    behind = plain(company.manager.sees("Behind this number"))
    assert "O-1" in behind and "O-2" in behind and "O-3" not in behind
    with company.bot.database.transaction(company.workspace) as session:
        now = datetime.now(UTC)
        reader, day = Reader("en", ZoneInfo("UTC"), now), timedelta(days=1)
        drawn = [one.to_dict() for one in digest.shop(Period(now - day, now + day), session, reader)]
        (hats,) = (one for one in drawn if "HAT-1" in str(one))
        sold = digest.explain(b.Control.parse(hats["accessory"]["value"]), session, reader)
        assert "O-2" in str(sold.blocks[1].to_dict()) and "O-1" not in str(sold.blocks[1].to_dict())


@pytest.mark.parametrize("owners", [None, ("UAREP",)])
def test_a_digest_is_counted_in_postgres_and_not_here(session: Session, owners: tuple[str, ...] | None) -> None:
    now, asked = datetime.now(UTC), list[str]()
    connection = session.connection()

    def hear(_conn: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        asked.append(statement)

    event.listen(connection, "before_cursor_execute", hear)
    digest.shop(Period(now - timedelta(days=30), now, owners), session, Reader("en", ZoneInfo("UTC"), now))
    event.remove(connection, "before_cursor_execute", hear)
    counted = [one for one in asked if "FROM commerce." in one]
    assert len(counted) == 6  # sold, paid back, sent back, given up, reviews, sold best: none for each order
    for statement in counted:
        assert re.match(r"SELECT (?:commerce\.\S+, )*(?:count|sum|avg|max)\(", statement), statement
