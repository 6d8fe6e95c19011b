"""Give the customers of a large workspace twenty fields of their own, and ask for them by those."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from storage.crm.customers import CUSTOMER
from storage.records import listing, schema
from storage.records.declaration import Declaration
from storage.records.query import parse_query
from storage.records.schema import field_definitions
from tests.support.filter_values import Said

TYPES = ("text", "number", "date", "choice", "money") * 4
ROWS = """
INSERT INTO field_value (workspace_id, noun, record_id, field_id, key, number, day)
SELECT :w, 'customer', i, field.id,
    CASE field.type WHEN 'text' THEN 'v' || i WHEN 'choice' THEN '~' || (i % 400 > 0)::integer + 1
        WHEN 'money' THEN 'USD' END,
    CASE WHEN field.type IN ('number', 'money') THEN 100 * (hashint8(i)::bigint & 65535) END,
    CASE WHEN field.type = 'date' THEN current_date + (i % 400)::integer END
FROM generate_series(1, :n) AS i
JOIN field ON field.workspace_id = :w AND hashint8(i * 20 + field.place)::bigint & 3 = 0
"""
"""A quarter of the customers have a value in each of the fields."""
QUERIES = (
    "own_1:v5501", "own_1:v7700", "sort:own_1", "sort:-own_1", f"own_3:{date.today()}", "sort:own_3", "sort:-own_3",
    "sort:own_2", "own_2>6545000", "own_7>6545000", "own_5>65500", "own_9:basic", "own_19:basic", "sort:own_20",
)  # fmt: skip


def define(session: Session) -> None:
    """Define the fields."""
    for number, kind in enumerate(TYPES, start=1):
        choices = ["Basic", "Premium"] if kind == "choice" else ()
        field_definitions.define(session, CUSTOMER, name=f"Own {number}", type=kind, decimals=0, choices=choices)


def two_pages(typed: str, of: Declaration = CUSTOMER) -> Callable[[Session], Any]:
    """Return what reads the first two pages of a list."""

    def run(session: Session) -> Any:
        noun, query = schema.extended(session, of), parse_query(typed)
        first = listing.page(session, noun, query, Said(), limit=10)
        return first.more and listing.page(session, noun, query, Said(), limit=10, beyond=first.last)

    return run
