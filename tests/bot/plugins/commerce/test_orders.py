"""Show the shop as a rep uses it: products, an order, its card, its buttons and undo."""

from __future__ import annotations

from bot.testing import Company


def plain(text: str) -> str:
    return text.replace("*", "").replace("`", "")


def test_a_rep_sells_from_the_shelf(company: Company) -> None:
    rep = company.rep

    def said(typed: str) -> str:
        return plain(rep.types(typed).text)

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
