"""Name the filters and orders of which the plans are looked at."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

from storage.crm import contacts, customers, deals

DAY = date.today().isoformat()
FILTERS: dict[str, tuple[str, ...]] = {
    "customer": ("name:ba", "domain:d471.example", "tier:gold", f"created:{DAY}", f"updated:{DAY}", "owner:7"),
    "contact": (
        "name:ba",
        "email:p77@example.com",
        f"created:{DAY}",
        f"updated:{DAY}",
        "customer:C-77",
        "slack:X7",
    ),
    "deal": ("amount:1k", f"close:{DAY}", f"created:{DAY}", f"updated:{DAY}", "owner:7", "customer:C-77"),
}
"""A filter by each field; the sorted ones are also the orders of lists.

Not of deals by name, which are listed by closing date, nor in the order of what few values of are told apart here.
"""


def asked(noun: str) -> Iterator[str]:
    for one in FILTERS[noun]:
        field = one.partition(":")[0]
        orders = () if field in {"owner", "customer", "slack"} else (f"sort:{field}", f"sort:-{field}")
        yield from (one, *orders, *(f"{one} {order}" for order in orders))


PAIRS = [
    (customers.CUSTOMER, "domain:d471.example", "owner:7"),
    (customers.CUSTOMER, "owner:7", "tier:gold"),
    (contacts.CONTACT, "customer:C-77", f"created:{DAY}"),
    (deals.DEAL, "customer:C-77", "owner:7"),
    (deals.DEAL, "owner:7", "amount:1k"),
]
"""A noun with two filters, of which the first or the second leaves less."""
