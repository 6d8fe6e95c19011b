"""Show that what a file has and the workspace lacks is made before it comes in: fields of the right type, stages."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest
from sqlalchemy import select

from storage.crm.customers import Customer
from storage.crm.deals import Deal
from storage.money import Money
from storage.records.history import recording
from storage.transfer import looking, preparing, running, tables
from storage.transfer.lookup import Links
from storage.transfer.mapping import NEW
from storage.transfer.preparing import TypeGuess
from tests.support.tables import Desk


@pytest.mark.parametrize(
    ("cells", "kind"),
    [
        (["yes", "No"], "yesno"),
        (["1", "0", "-"], "text"),
        (["12", "-7"], "number"),
        (["12", "12.5"], "text"),
        (["31/12/2026", "01/02/2026"], "date"),
        (["12/31/2026", "2026-01-02"], "date"),
        (["1.200,50 €", "5 USD"], "money"),
        (["a@x.example", "b@y.example"], "email"),
        (["https://a.example/x"], "link"),
        (["=1+1", "https://a.example"], "text"),
        (["two\nlines"], "long"),
        (["x" * 201], "long"),
        ([], "text"),
    ],
)
def test_a_type_is_what_all_cells_of_a_column_fit(cells: list[str], kind: str) -> None:
    guess = TypeGuess()
    for cell in cells:
        guess.see(cell)
    assert guess.type == kind


def test_a_column_that_nobody_knows_becomes_a_field(desk: Desk) -> None:
    path = desk.write('Company,Founded,Seats,Budget\nAcme,31/12/2001,12,"1.200,50 €"\nGlobex,01/02/2003,,\n')
    how = desk.understood(path)
    for at in (1, 2, 3):
        how = how.with_column(at, to=NEW)
    how = looking.look(tables.open_table(path), how, desk.declarations["customer"], TypeGuess)
    assert [column.to for column in how.columns] == ["name", "+date", "+number", "+money"]
    assert desk.rehearse(path, how) == {"added": 2}
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UADMIN", source="slash"):
        how = preparing.prepare(session, how, desk.declarations, ())
    run = desk.bring_in(path, how)
    assert running.as_numbers(run.counts) == {"added": 2}
    noun = desk.declarations["customer"]
    with desk.database.transaction(desk.workspace) as session:
        acme, globex = session.scalars(select(Customer).order_by(Customer.id))
        values = {key: noun.field(key).of(acme) for key in ("founded", "seats", "budget")}
        assert values == {"founded": date(2001, 12, 31), "seats": 12, "budget": Money(120050, "EUR")}
        assert noun.field("founded").of(globex) == date(2003, 2, 1)


def test_stages_that_are_not_there_are_added_where_that_is_wanted(desk: Desk) -> None:
    path = desk.write("Deal,Stage\nPilot,Pilot phase\nFleet,Lead\nThird,Pilot phase\n", "deals.csv")
    how = desk.understood(path)
    assert desk.rehearse(path, how) == {"added": 1, "refused": 2}
    how = replace(how, adds=True)
    with (
        running.Rehearsal(Links(how.source, desk.declarations), how) as rehearsal,
        desk.database.transaction(desk.workspace) as session,
    ):
        rehearsal.batch(session, list(tables.open_table(path).rows()))
    assert running.as_numbers(rehearsal.counts) == {"added": 3}
    assert rehearsal.missing == {("stage", "Pilot phase"): 2}
    with desk.database.transaction(desk.workspace) as session, recording(session, actor_id="UADMIN", source="slash"):
        how = preparing.prepare(session, how, desk.declarations, list(rehearsal.missing))
    desk.bring_in(path, how)
    with desk.database.transaction(desk.workspace) as session:
        found = {deal.name: (deal.stage.name, deal.status) for deal in session.scalars(select(Deal))}
    assert found == {"Pilot": ("Pilot phase", "open"), "Fleet": ("Lead", "open"), "Third": ("Pilot phase", "open")}
