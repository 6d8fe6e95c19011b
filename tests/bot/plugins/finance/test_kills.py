"""Kill the bot's process by SIGKILL on its way through a trade and an approval: the journal balances, nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.plugins.finance.books.bookings import Booking, Posting
from bot.plugins.finance.books.transfers import DONE, Transfer
from bot.testing import Company

Asks = Callable[..., dict[str, Any]]


@pytest.fixture
def asks(company: Company) -> Iterator[Asks]:
    """Have requests of the manager's performed in processes that die after so many steps."""
    company.gives("manager", "manager")
    company.manager.types("/crm help")
    root = next(one for one in Path(__file__).parents if (one / "pyproject.toml").exists())
    words = [sys.executable, "-m", "tests.plugins.killing", company.admin_url, company.workspace, "UAMANAGER"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=root) as process:
        asked, answers = process.stdin, process.stdout
        assert asked is not None and answers is not None

        def ask(text: str, key: str, dies: int = 0) -> dict[str, Any]:
            print(json.dumps({"text": text, "key": key, "dies": dies}), file=asked, flush=True)
            answer: dict[str, Any] = json.loads(answers.readline())
            return answer

        yield ask
        asked.close()


def points(steps: int) -> list[int]:
    """Return after how many of the steps to die: here and there, and around the COMMIT at the end each."""
    return [*range(1, steps - 3, 12), *range(max(1, steps - 3), steps + 1)]


def books(company: Company) -> tuple[int, int]:
    """Return how many bookings there are and how many transfers are done; fail where one does not balance."""
    with company.database.transaction(company.workspace) as session:
        sums = select(
            Posting.booking_id,
            Posting.currency,
            Posting.instrument_id,
            func.sum(Posting.amount_minor),
            func.sum(Posting.quantity),
        ).group_by(Posting.booking_id, Posting.currency, Posting.instrument_id)
        rows = session.execute(sums).all()
        assert rows and not [row for row in rows if row[3] or row[4]]
        count = session.scalar(select(func.count()).select_from(Booking)) or 0
        assert {row[0] for row in rows} == set(session.scalars(select(Booking.id)))
        return count, len(session.scalars(select(Transfer.id).where(Transfer.state == DONE)).all())


def test_whoever_is_killed_while_they_book_has_booked_it_once_or_not_at_all(company: Company, asks: Asks) -> None:
    for typed in (
        "/customer add Harbor Lines",
        "/crm instrument add Northwind Robotics symbol:NWR class:equity currency:EUR",
        "/crm portfolio add Pension customer:harbor currency:EUR",
        "/crm portfolio add Savings customer:harbor currency:EUR",
        '/crm trade deposit PF-1 amount:"90000 EUR"',
    ):
        company.rep.types(typed)
    transfers = 0
    for what, effect in (("trade", (1, 0)), ("approve", (1, 1))):

        def next_one(what: str = what) -> str:
            nonlocal transfers
            if what == "trade":
                return "trade buy PF-1 NWR quantity:1 price:42.50"
            transfers += 1
            company.rep.types('/crm transfer add PF-1 amount:"10 EUR" to:PF-2')
            return f"transfer approve {transfers}"

        whole = asks(next_one(), f"whole {what}")
        assert whole["steps"] > 10, whole
        for point in points(whole["steps"]):
            text, before, key = next_one(), books(company), f"{what} {point}"
            assert asks(text, key, point) == {"killed": True}, (what, point)
            done = (before[0] + effect[0], before[1] + effect[1])
            assert books(company) in {before, done}, (what, point)
            for _again in range(2):
                assert "went wrong" not in asks(text, key)["said"]
                assert books(company) == done, (what, point)
