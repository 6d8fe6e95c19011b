"""Kill the bot's process by SIGKILL on its way through an order and a shipment: stock is right, and nothing twice."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import func, select

from bot.plugins.commerce.products import Product
from bot.plugins.commerce.sales import OrderLine, SalesOrder
from bot.testing import Company

Asks = Callable[..., dict[str, Any]]
STOCK = 1_000


@pytest.fixture
def asks(company: Company) -> Iterator[Asks]:
    """Have requests of the rep's performed in processes that die after so many steps."""
    company.rep.types("/crm help")
    words = [sys.executable, "-m", "tests.plugins.killing", company.admin_url, company.workspace, "UAREP"]
    with subprocess.Popen(words, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=_root()) as process:
        asked, answers = process.stdin, process.stdout
        assert asked is not None and answers is not None

        def ask(text: str, key: str, dies: int = 0) -> dict[str, Any]:
            print(json.dumps({"text": text, "key": key, "dies": dies}), file=asked, flush=True)
            answer: dict[str, Any] = json.loads(answers.readline())
            return answer

        yield ask
        asked.close()


def _root() -> Path:
    return next(one for one in Path(__file__).parents if (one / "pyproject.toml").exists())


def points(steps: int) -> list[int]:
    """Return after how many of the steps to die: here and there, and around the COMMIT at the end each."""
    return [*range(1, steps - 3, 9), *range(max(1, steps - 3), steps + 1)]


def shelf(company: Company) -> tuple[int, int, int]:
    """Return the stock, what is reserved of it and how many orders there are; fail where lines tell something else."""
    with company.database.transaction(company.workspace) as session:
        product = session.scalars(select(Product)).one()
        lines = session.scalars(select(OrderLine)).all()
        assert product.reserved == sum(one.held for one in lines)
        assert product.stock == STOCK - sum(one.shipped for one in lines)
        return product.stock, product.reserved, session.scalar(select(func.count()).select_from(SalesOrder)) or 0


def test_whoever_is_killed_while_they_order_and_ship_has_done_it_once_or_not_at_all(
    company: Company, asks: Asks
) -> None:
    company.rep.types("/customer add Harbor Lines")
    company.rep.types(f"/crm product add Mug sku:MUG-1 price:12.50 stock:{STOCK}")
    orders = 0
    for what, effect in (("add", (0, 2, 1)), ("ship", (-2, -2, 0))):
        typed = "order add harbor MUG-1:2" if what == "add" else "order ship O-{number}"
        steps = asks(typed.format(number=1), f"whole {what}")["steps"]
        orders = max(orders, 1)
        for number, point in enumerate(points(steps), start=2):
            before, text, key = shelf(company), typed.format(number=number), f"{what} {number}"
            assert asks(text, key, point) == {"killed": True}, (what, point)
            after = shelf(company)
            whole = tuple(was + by for was, by in zip(before, effect, strict=True))
            assert after in {before, whole}, (what, point)
            for _again in range(2):
                assert "went wrong" not in asks(text, key)["said"]
                assert shelf(company) == whole, (what, point)
