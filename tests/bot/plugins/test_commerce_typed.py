"""Show the shop as a rep uses it: products, an order, its card, its buttons and undo."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from bot.registry import load
from storage.database import migrate
from tests.support.cluster import Cluster
from tests.support.company import Company, start_company_on


@pytest.fixture(scope="module")
def shop(cluster: Cluster, models: Path) -> Iterator[Company]:
    """Start a company that has the shop switched on."""
    registry = load(on={"commerce"})
    url = cluster.create()
    for line in registry.lines:
        migrate.upgrade(url, line=line)
    company = start_company_on(url, url, registry, models, "socket", {})
    yield company
    company.close()
    cluster.drop(url)


def plain(text: str) -> str:
    return text.replace("*", "").replace("`", "")


def test_a_rep_sells_from_the_shelf(shop: Company) -> None:
    rep = shop.rep
    said: Callable[[str], str] = lambda typed: plain(rep.types(typed).text)  # noqa: E731
    rep.types("/customer add Harbor Lines")
    assert "S-1" in said("/crm product add Mug sku:MUG-1 price:12.50 stock:5")
    rep.types("/crm product add Hat sku:HAT-1 price:20 stock:1")
    placed = said("/crm order add harbor MUG-1:2 HAT-1:1 tax:19")
    assert "O-1" in placed and "53.55" in placed and "unfulfilled" in placed
    assert "Only 0 of Hat are left" in said("/crm order add harbor HAT-1:1")
    assert "53.55 in all" in said("/customer show harbor")
    assert "O-1" in said("/crm order list")
    rep.clicks("Ship")
    assert "shipped" in said("/crm order show O-1")
    assert "3" in said("/crm product show S-1")
