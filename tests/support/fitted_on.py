"""Give a few examples of three categories, and messages of a fourth, to fit small models on."""

from __future__ import annotations

from ml.learn.items import Item
from ml.starter import Examples

THINGS = [
    "login",
    "page",
    "printer",
    "export",
    "search",
    "menu",
    "button",
    "screen",
    "report",
    "upload",
    "form",
    "chart",
]
BUGS = [f"the {thing} is broken and shows an error" for thing in THINGS]
BILLS = [f"the invoice for the {thing} was charged twice" for thing in THINGS]
SALES = [f"what does the {thing} plan cost for a team" for thing in THINGS]
BASE = Examples(
    [*BUGS, *BILLS, *SALES], ["bug"] * len(BUGS) + ["billing"] * len(BILLS) + ["sales"] * len(SALES), "test"
)
SEATS = [f"can a reseller get {number} boxes of the {thing} on a pallet" for number, thing in enumerate(THINGS * 4)]


def items(texts: list[str], category: str, first: int = 1, *, unseen: bool = True) -> list[Item]:
    """Return what people said of texts, with keys that count up."""
    return [Item(first + i, text, category, unseen) for i, text in enumerate(texts)]
