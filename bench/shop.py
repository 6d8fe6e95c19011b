"""Bring a year of a wholesaler's purchases in as orders of a shop, and measure what lists, cards and digests cost then.

    python -m bench.shop FOLDER [ORDERS]

With a number it brings so many orders in, the first of the year, which takes a minute for a thousand.
The folder holds `purchases.csv` (customer, date, product, quantity, amount) and `products.csv` (product, name), such as
the UCI data set Online Retail reduced to these columns. Nothing of it is kept.
"""

from __future__ import annotations

import csv
import resource
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime, timedelta
from itertools import groupby, islice
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import psycopg
from sqlalchemy import event, func, make_url, select
from sqlalchemy.orm import Session

from bench.figures import Figure, percentile
from bot.kit.format import Reader
from bot.plugins.commerce import cards, digest, orders
from bot.plugins.commerce.intake.arriving import ArrivingLine, ArrivingOrder, ArrivingProduct, Buyer
from bot.plugins.commerce.intake.goods import take_product
from bot.plugins.commerce.intake.taking import take
from bot.plugins.commerce.nouns import ORDER
from bot.plugins.commerce.sales import PAID, OrderLine, SalesOrder
from bot.registry import load
from storage.crm.contacts import Contact
from storage.database import migrate
from storage.database.embedded import EmbeddedPostgres
from storage.database.engine import Database
from storage.digests.metrics import Period
from storage.records import history, listing
from storage.records.query import Query
from storage.workspace import workspaces

REGISTRY = load(on={"commerce"})


WORKSPACE = "T0SHOP"
SOURCE = "online_retail"
BATCH, TIMES = 25, 20


def arriving(purchases: Path, names: Mapping[str, str]) -> Iterator[ArrivingOrder]:
    """Yield an order for each customer and day; amounts are pounds in the file."""
    with purchases.open(encoding="utf-8", newline="") as file:
        rows = sorted(csv.DictReader(file), key=lambda row: (row["date"], row["customer"]))
    for (day, customer), bought in groupby(rows, key=lambda row: (row["date"], row["customer"])):
        at = datetime.fromisoformat(day).replace(tzinfo=UTC)
        lines = [_line(row, names) for row in bought]
        yield ArrivingOrder(
            source=SOURCE,
            outside_id=f"{customer}-{day}",
            number=f"#{customer}-{day}",
            at=at,
            placed_at=at,
            currency="GBP",
            total_minor=sum(line.price_minor * line.quantity for line in lines),
            discount_minor=0,
            tax_minor=0,
            payment=PAID,
            cancelled=False,
            buyer=Buyer(name=f"Customer {customer}", email=f"{customer}@retail.example"),
            lines=lines,
        )


def _line(row: Mapping[str, str], names: Mapping[str, str]) -> ArrivingLine:
    quantity = max(1, int(float(row["quantity"])))
    price = round(float(row["amount"]) * 100 / quantity)
    sku = row["product"]
    return ArrivingLine(sku, sku, names.get(sku, sku), quantity, price, shipped=quantity)


def bring_in(database: Database, folder: Path, most: int | None) -> tuple[float, float, int]:
    """Take orders in, some in a transaction; return the seconds it took, those of this processor, and how many came."""
    with (folder / "products.csv").open(encoding="utf-8", newline="") as file:
        names = {row["product"]: row["name"] for row in csv.DictReader(file)}
    came = list(islice(arriving(folder / "purchases.csv", names), most))
    skus = sorted({line.sku for order in came for line in order.lines})
    with database.transaction(WORKSPACE) as session:
        workspaces.ensure(session, name="Wholesaler", zone="Europe/London", locale="en-GB", currency="GBP")
        long_ago = datetime(2000, 1, 1, tzinfo=UTC)
        for sku in skus:
            one = ArrivingProduct("shop", sku, sku, names.get(sku, sku), 100, "GBP", 100, long_ago)
            take_product(session, one, mirrored=True)
    begun, worked = time.monotonic(), time.process_time()
    for first in range(0, len(came), BATCH):
        with database.transaction(WORKSPACE) as session, history.recording(session, actor_id=None, source="bench"):
            for order in came[first : first + BATCH]:
                take(session, order)
    return time.monotonic() - begun, time.process_time() - worked, len(came)


def used(database: Database, at: str) -> Iterator[Figure]:
    """Yield what lists, a customer's card and a digest take, with the statements that read more than they return."""
    reader = Reader("en-GB", ZoneInfo("Europe/London"), datetime.now(UTC))
    with database.transaction(WORKSPACE) as session:
        busiest = select(SalesOrder.contact_id).group_by(SalesOrder.contact_id).order_by(func.count().desc()).limit(1)
        person = session.get_one(Contact, (WORKSPACE, session.scalars(busiest).one()))
        largest = select(OrderLine.order_id).group_by(OrderLine.order_id).order_by(func.count().desc()).limit(1)
        order = session.get_one(SalesOrder, (WORKSPACE, session.scalars(largest).one()))
        last = session.scalars(select(func.max(SalesOrder.placed_at))).one()
        month = Period(last - timedelta(days=30), last + timedelta(days=1))
        values: Any = None
        asked: dict[str, Callable[[], object]] = {
            "shop_list": lambda: listing.page(session, ORDER, Query((), ()), values, limit=20),
            "shop_order_card": lambda: cards.order(session, order, reader, None),
            "shop_customers_orders": lambda: (
                orders.of(session, SalesOrder.contact_id, person.id, 5),
                orders.totals(session, SalesOrder.contact_id, person.id),
            ),
            "shop_digest": lambda: digest.shop(month, session, reader),
        }
        for name, run in asked.items():
            took = [_timed(run) for _ in range(TIMES)]
            yield Figure(f"{name}_p50", percentile(took, 0.5), "ms", at)
            for statement in _scans(session, run):
                sys.stdout.write(f"  {name} reads a table whole: {statement}\n")


def _timed(run: Callable[[], object]) -> float:
    begun = time.perf_counter()
    run()
    return (time.perf_counter() - begun) * 1_000


def _scans(session: Session, run: Callable[[], object]) -> Iterator[str]:
    """Yield the statements whose plan reads a table of orders or lines whole."""
    said: list[tuple[str, Any]] = []
    connection = session.connection()

    def hear(_conn: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        said.append((statement, parameters))

    event.listen(connection, "before_cursor_execute", hear)
    run()
    event.remove(connection, "before_cursor_execute", hear)
    for statement, parameters in said:
        if statement.startswith("SELECT"):
            plan = connection.exec_driver_sql(f"EXPLAIN {statement}", parameters).scalars().all()
            if any("Seq Scan on orders" in line or "Seq Scan on order_line" in line for line in plan):
                yield " ".join(statement.split())[:150]


def main(folder: Path, most: int | None = None) -> None:
    """Measure, and print a line for each figure."""
    with tempfile.TemporaryDirectory() as kept, EmbeddedPostgres(Path(kept) / "postgres") as server:
        url = server.start()
        for line in REGISTRY.lines:
            migrate.upgrade(url, line=line)
        database = Database(url, pool_size=2)
        seconds, worked, count = bring_in(database, folder, most)
        with closing(psycopg.connect(make_url(url).set(drivername="postgresql").render_as_string(False))) as admin:
            admin.autocommit = True
            admin.execute("ANALYZE")
        with database.transaction(WORKSPACE) as session:
            lines = session.scalar(select(func.count()).select_from(OrderLine)) or 0
        at = f"{lines:,} lines of {count:,} orders"
        memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1_024
        figures = [
            Figure("shop_import", seconds, "s", at),
            Figure("shop_import_cpu", worked, "s", at),
            Figure("shop_import_rate", lines / seconds, "lines/s", at),
            Figure("shop_import_memory", memory, "MB", at),
            *used(database, at),
        ]
        database.dispose()
    for one in figures:
        sys.stdout.write(f"{one.name:28} {one.value:12,.2f} {one.unit:8} {one.at}\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]), *map(int, sys.argv[2:3]))
