"""Show that what people did elsewhere is noted here, and that what they are to do is followed up."""

from __future__ import annotations

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from storage.crm.deals import Deal
from storage.crm.followups import Followup
from storage.crm.notes import Note
from storage.queues.due import Due
from storage.transfer import running, tables
from storage.transfer.lookup import Links
from storage.workspace.members import Member
from tests.support.tables import Desk

COMPANIES = "Record ID,Company name\n1,Acme\n2,Globex\n"
DEALS = "Record ID,Deal Name,Associated Company IDs\n7,Pilot,1\n"
CALLS = """\
Record ID,Call Title,Call Notes,Activity date,Activity assigned to,Call Outcome,\
Associated Company IDs,Associated Deal IDs
1,Pricing,"<p>Too dear&nbsp;&amp; slow</p><p>Call again</p>",2026-02-03 10:00,rep@ours.example,Connected,1,7
2,,,2026-02-04 10:00,Gone Person,,2,
3,Lost,,2026-02-04 10:00,,,99,
"""
TASKS = """Record ID,Task Title,Due Date,Task Status,Assigned to,Associated Company IDs
1,Send the quote,2031-05-06 09:00,Not started,rep@ours.example,1
2,Old promise,2025-05-06 09:00,Not started,rep@ours.example,2
3,Did it,2025-05-06 09:00,Completed,rep@ours.example,1
"""


@pytest.fixture
def furnished(desk: Desk) -> Desk:
    with desk.database.transaction(desk.workspace) as session:
        session.execute(update(Member).where(Member.id == "UREP").values(email="rep@ours.example"))
    desk.bring_in(desk.write(COMPANIES, "companies.csv"))
    desk.bring_in(desk.write(DEALS, "deals.csv"))
    return desk


def noted(session: Session) -> list[tuple[str | None, str, str, str | None]]:
    found = session.scalars(select(Note).order_by(Note.at, Note.id))
    return [(one.about_reference, one.kind, one.text, one.created_by) for one in found]


def test_calls_are_noted_on_what_they_were_about_by_whom_they_were_made(furnished: Desk) -> None:
    path = furnished.write(CALLS, "calls.csv")
    how = furnished.understood(path)
    assert (how.source, how.noun) == ("hubspot", "call")
    counts = {"added": 2, "refused": 1}
    assert furnished.rehearse(path) == counts
    run = furnished.bring_in(path)
    assert running.as_numbers(run.counts) == counts
    assert furnished.refused(run.id) == {4: "There is no record called 99."}
    with furnished.database.transaction(furnished.workspace) as session:
        assert noted(session) == [
            ("D-1", "call", "Pricing\nToo dear & slow\nCall again\nStatus: Connected", "UREP"),
            ("C-2", "call", "Call\nPerson: Gone Person", None),
        ]
        assert session.scalars(select(Note.at)).first() == datetime(2026, 2, 3, 10, tzinfo=UTC)


def test_an_activity_that_comes_again_is_the_same_and_a_newer_one_changes_it(furnished: Desk) -> None:
    furnished.bring_in(furnished.write(CALLS, "calls.csv"))
    again = furnished.write(CALLS.replace("Pricing", "Prices"), "again.csv")
    assert furnished.rehearse(again) == {"changed": 1, "same": 1, "refused": 1}
    run = furnished.bring_in(again)
    assert running.as_numbers(run.counts) == {"changed": 1, "same": 1, "refused": 1}
    with furnished.database.transaction(furnished.workspace) as session:
        assert [text.partition("\n")[0] for _about, _kind, text, _by in noted(session)] == ["Prices", "Call"]
    assert furnished.undo(run.id) == []
    with furnished.database.transaction(furnished.workspace) as session:
        assert [text.partition("\n")[0] for _about, _kind, text, _by in noted(session)] == ["Pricing", "Call"]


def test_tasks_are_followed_up_and_nobody_is_reminded_of_what_is_long_due(furnished: Desk) -> None:
    path = furnished.write(TASKS, "tasks.csv")
    assert furnished.rehearse(path) == {"added": 3}
    run = furnished.bring_in(path)
    with furnished.database.transaction(furnished.workspace) as session:
        found = session.scalars(select(Followup).order_by(Followup.id)).all()
        assert [(one.text, one.about_reference, one.owner_id, one.status) for one in found] == [
            ("Send the quote", "C-1", "UREP", "open"),
            ("Old promise", "C-2", "UREP", "open"),
        ]
        assert session.scalars(select(Due.subject).where(Due.kind == "followup")).all() == ["F-1"]
        assert [text for _about, _kind, text, _by in noted(session)] == ["Done: Did it"]
    done = furnished.write(TASKS.replace("Not started", "Completed"), "done.csv")
    assert running.as_numbers(furnished.bring_in(done).counts) == {"changed": 2, "same": 1}
    with furnished.database.transaction(furnished.workspace) as session:
        assert set(session.scalars(select(Followup.status))) == {"done"}
        assert session.scalar(select(func.count()).select_from(Due).where(Due.kind == "followup")) == 0
    furnished.undo(run.id)
    with furnished.database.transaction(furnished.workspace) as session:
        assert len(noted(session)) == 0


PIPEDRIVE = """\
Activity - ID,Activity - Subject,Activity - Type,Activity - Due date,Activity - Done,Activity - Note,\
Deal - Title,Organization - Name
1,Lunch with Bo,Lunch,2026-02-03,Done,,Pilot,Acme
2,Kick-off,Meeting,2031-02-03,To do,Bring cake,,Globex
3,Mail,Email,2026-02-03,Done,,,acme
4,Nobody,Call,2026-02-03,Done,,,
"""
SALESFORCE = """Id,WhoId,WhatId,Subject,ActivityDate,Status,TaskSubtype,Description
00T1,,1,Talked,2026-02-03,Completed,Call,Fine
00T2,,7,Send papers,2031-02-03,Not Started,Task,
00T3,,nobody,Lost,2026-02-03,Completed,Call,
"""


@pytest.mark.parametrize(
    ("name", "content", "noun", "notes", "followups", "refused"),
    [
        (
            "pipedrive",
            PIPEDRIVE,
            "activity",
            [("D-1", "note", "Lunch with Bo\nType: Lunch"), ("C-1", "email", "Mail")],
            [("C-2", "Meeting: Kick-off\nBring cake")],
            {5: "This row does not say what it is about."},
        ),
        (
            "file",
            "Company;Type;Date;Text\nAcme;Anruf;3.2.2026;Hallo\nAcme;Anruf;3.2.2026;Hallo\nNix;Anruf;3.2.2026;Hallo\n",
            "activity",
            [("C-1", "call", "Hallo")],
            [],
            {4: "There is no record called Nix."},
        ),
    ],
)
def test_activities_say_themselves_what_they_are(
    furnished: Desk,
    name: str,
    content: str,
    noun: str,
    notes: list[tuple[str, str, str]],
    followups: list[tuple[str, str]],
    refused: dict[int, str],
) -> None:
    path = furnished.write(content, "activities.csv")
    how = furnished.understood(path)
    assert (how.source, how.noun) == (name, noun)
    run = furnished.begin(path, actor="UREP")
    furnished.go_on(run, path)
    assert furnished.refused(run) == refused
    with furnished.database.transaction(furnished.workspace) as session:
        assert [one[:3] for one in noted(session)] == notes
        found = session.scalars(select(Followup))
        assert [(one.about_reference, one.text) for one in found] == followups


def test_a_number_leads_to_a_record_of_any_noun(furnished: Desk) -> None:
    """Salesforce has one column for what a task is about, whatever that is."""
    with furnished.database.transaction(furnished.workspace) as session:
        session.execute(update(Deal).values(touched_at=datetime(2020, 1, 1, tzinfo=UTC)))
    path = furnished.write(SALESFORCE, "Task.csv")
    how = furnished.understood(path)
    assert (how.source, how.noun) == ("salesforce", "task")
    how = type(how)(how.noun, "hubspot", how.columns)
    run = furnished.begin(path, how, actor="UREP")
    furnished.go_on(run, path, how)
    assert furnished.refused(run) == {4: "There is no record called nobody."}
    with furnished.database.transaction(furnished.workspace) as session:
        assert [one[:3] for one in noted(session)] == [("C-1", "call", "Talked\nFine")]
        assert [one.about_reference for one in session.scalars(select(Followup))] == ["D-1"]


@pytest.mark.parametrize("dies_at", range(6))
def test_activities_that_are_killed_anywhere_come_in_once_with_what_was_refused(furnished: Desk, dies_at: int) -> None:
    files = [furnished.write(CALLS, "calls.csv"), furnished.write(TASKS, "tasks.csv")]
    path = files[dies_at // 3]
    how, rows = furnished.understood(path), list(tables.open_table(path).rows())
    number = furnished.begin(path, how)
    for at, row in enumerate(rows[: dies_at % 3 + 1]):
        with suppress(KeyError), furnished.database.transaction(furnished.workspace) as session:
            running.run_batch(session, number, Links(how.source, furnished.declarations), [row])
            if at == dies_at % 3:
                raise KeyError
    run = furnished.go_on(number, path, how, size=2)
    wanted = {"added": 2, "refused": 1} if path == files[0] else {"added": 3}
    assert running.as_numbers(run.counts) == wanted
    assert list(furnished.refused(number)) == ([4] if path == files[0] else [])
    with furnished.database.transaction(furnished.workspace) as session:
        done = len(noted(session)) + (session.scalar(select(func.count()).select_from(Followup)) or 0)
    assert done == wanted["added"]
    assert furnished.undo(number, 1) == []


def test_who_may_not_change_a_record_says_nothing_about_it(furnished: Desk) -> None:
    with furnished.database.transaction(furnished.workspace) as session:
        session.execute(update(Member).where(Member.id == "UREP").values(roles=["agent"]))
    path = furnished.write(CALLS, "calls.csv")
    assert furnished.rehearse(path, actor="UREP") == {"refused": 3}
    run = furnished.begin(path, actor="UREP")
    furnished.go_on(run, path)
    assert furnished.refused(run)[2] == "This needs the role rep."


def test_work_on_a_deal_counts_from_when_it_was(furnished: Desk) -> None:
    with furnished.database.transaction(furnished.workspace) as session:
        session.execute(update(Deal).values(touched_at=datetime(2020, 1, 1, tzinfo=UTC)))
    furnished.bring_in(furnished.write(CALLS, "calls.csv"))
    with furnished.database.transaction(furnished.workspace) as session:
        assert session.scalars(select(Deal.touched_at)).one() == datetime(2026, 2, 3, 10, tzinfo=UTC)


@pytest.mark.parametrize(
    ("header", "noun", "found"),
    [
        ("Title,First Name,Last Name,Job Title,E-mail Address", "contact", ["", "@first", "@last", "role", "email"]),
        ("Opportunity Name,Amount,Amount Currency,Opportunity Owner", "deal", ["name", "amount", "@currency", "owner"]),
        ("Firma,Betreuer,Erstellt am,Notiz", "customer", ["name", "owner", "@created", "@note"]),
        ("Ticket ID,Subject,Requester,Company ID", "ticket", ["@id", "name", "contact", "customer@id"]),
        ("Company ID,Company", "customer", ["@id", "name"]),
        # Freshsales, Monday, Copper, Intercom, Close.
        ("Id,First name,Last name,Emails,Accounts", "contact", ["@id", "@first", "@last", "email", "customer"]),
        (
            "Id,Name,Amount,Related account,Deal stage,Closed date,Sales owner,Lost reason",
            "deal",
            ["@id", "name", "amount", "customer", "stage", "closed", "owner", "reason"],
        ),
        (
            "Name,Owner,Stage,Deal Value,Accounts,Item ID",
            "deal",
            ["name", "owner", "stage", "amount", "customer", "@id"],
        ),
        ("Copper ID,Name,Title,Company,Email", "contact", ["@id", "name", "role", "customer", "email"]),
        ("User ID,Name,Email,Companies,Signed up (UTC)", "contact", ["@id", "name", "email", "customer", "@created"]),
        ("id,display_name,url,status_label", "customer", ["@id", "name", "domain", ""]),
        (
            "id,lead_id,lead_name,status_label,status_type,value,value_formatted",
            "deal",
            ["@id", "customer@id", "name", "stage", "", "", "amount"],
        ),
    ],
)
def test_columns_are_known_by_what_people_call_them(desk: Desk, header: str, noun: str, found: list[str]) -> None:
    how = desk.understood(desk.write(f"{header}\n"))
    assert (how.noun, [one.to for one in how.columns]) == (noun, found)
