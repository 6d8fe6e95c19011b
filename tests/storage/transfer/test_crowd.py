"""Show that two imports and many people at once lose nothing and double nothing."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import func, select

from storage.crm import customers
from storage.crm.contacts import Contact
from storage.crm.customers import Customer
from storage.records.history import recording
from storage.records.rows import RecordRow
from storage.transfer import requests, running
from storage.transfer.model import ImportState
from tests.support.tables import Desk

PEOPLE, ROWS = 40, 120


def test_two_imports_and_forty_people_lose_and_double_nothing(desk: Desk) -> None:
    def table(of: str) -> str:
        return "Id,Company\n" + "".join(f"{n},{of} {n}\n" for n in range(ROWS))

    files = [desk.write(table(of), f"{of}.csv") for of in ("Heron", "Finch")]
    how = [desk.understood(path) for path in files]

    all_at_once = Barrier(PEOPLE + len(files))

    def bring_in(at: int) -> dict[str, int]:
        all_at_once.wait(60)
        return running.as_numbers(desk.bring_in(files[at], how[at], size=20, source=f"program {at}").counts)

    def add(n: int) -> str:
        all_at_once.wait(60)
        with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UREP", source="slash"):
            return customers.add(session, name=f"Kestrel {n}").reference

    with ThreadPoolExecutor(PEOPLE + len(files)) as pool:
        imports = [pool.submit(bring_in, at) for at in (0, 1)]
        added = list(pool.map(add, range(PEOPLE)))
    assert [one.result() for one in imports] == [{"added": ROWS}, {"added": ROWS}]
    assert len(set(added)) == PEOPLE
    with desk.database.transaction(desk.workspace) as session:
        names = list(session.scalars(select(Customer.name)))
        rows = session.scalar(select(func.count()).select_from(RecordRow).where(RecordRow.noun == "customer"))
    assert (len(names), len(set(names)), rows) == (2 * ROWS + PEOPLE, 2 * ROWS + PEOPLE, 2 * ROWS + PEOPLE)


def test_one_file_that_is_brought_in_twice_at_once_doubles_nothing(desk: Desk) -> None:
    path = desk.write(
        "Id,Name,Company\n" + "".join(f"{n},Person {n},Firm {n % 9}\n" for n in range(ROWS)), "people.csv"
    )
    how = desk.understood(path)
    runs = []
    for _ in range(2):
        with desk.database.transaction(desk.workspace) as session:
            run = requests.receive(
                session, "people.csv", [path.read_bytes()], actor_id="UREP", renderer="transfer.card"
            )
            run.mapping, run.state = how.to_json(), ImportState.RUNNING
            runs.append(run.id)
    with ThreadPoolExecutor(2) as pool:
        done = list(pool.map(lambda number: running.as_numbers(desk.go_on(number, path, how, size=5).counts), runs))
    assert sum(one.get("added", 0) for one in done) == ROWS
    assert sum(one.get("same", 0) for one in done) == ROWS
    with desk.database.transaction(desk.workspace) as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == ROWS
        assert session.scalar(select(func.count()).select_from(Customer)) == 9
