"""Show imports as people do them in Slack: send a file, look, try, bring in, take back."""

from __future__ import annotations

import io
import urllib.request

import pytest
from openpyxl import Workbook
from sqlalchemy import func, select

from sandbox.sample_teams import APP_ID
from storage.crm.customers import Customer
from storage.transfer.model import ImportRun
from tests.support.company import Company
from tests.support.waiting import until

DM = "@Rapport"
COMPANIES = """Company;Website;Segment;Founded
Heron Sails;heron.example;Gold;03/04/2019
Finch & Söhne;finch.example;;01/02/2020
;;;
Kestrel;no domain;;01/02/2020
"""


@pytest.fixture
def sent(company: Company) -> Company:
    company.rep.sends("Companies.csv", COMPANIES.encode("cp1252"), channel=DM)
    company.rep.sees("Company", channel=DM)
    return company


def test_a_file_is_looked_at_tried_brought_in_and_taken_back(sent: Company) -> None:
    rep = sent.rep
    rep.sees("Companies.csv*: Customers", channel=DM)
    rep.sees("*Company* → Name", channel=DM)
    rep.sees("Founded → left out", channel=DM)
    rep.clicks("Try it", channel=DM)
    rep.sees("Would be: 2 added, 1 refused", channel=DM)
    rep.sees("Line 5: Website: This does not look like a domain: no domain", channel=DM)
    rep.clicks("Bring them in", channel=DM)
    rep.sees("Customers are in", channel=DM)
    rep.types("/customer show heron sails", channel=DM)
    rep.sees("heron.example", channel=DM)
    rep.clicks("Undo", channel=DM, message="Customers are in")
    rep.sees("2 changes are taken back", channel=DM)
    assert "no customer" in rep.types("/customer show heron sails", channel=DM).text.lower()


def test_refused_rows_come_as_a_file_that_is_corrected_and_sent_back(sent: Company) -> None:
    rep = sent.rep
    rep.clicks("Try it", channel=DM)
    rep.sees("Would be: 2 added, 1 refused", channel=DM)
    rep.clicks("Refused rows", channel=DM)
    rep.sees("1 row", channel=DM)
    sent.settles()
    files = [one for message in rep.messages(DM) if message.get("bot_id") for one in message.get("files", ())]
    with urllib.request.urlopen(f"{sent.sandbox.url}/files/{files[-1]['id']}", timeout=60) as answer:
        content = answer.read()
    assert content.decode("utf-8-sig").split("\r\n")[1].startswith("Kestrel,no domain,,01/02/2020,Website: ")
    rep.sends("Companies.refused.csv", content.replace(b"no domain", b"kestrel.example"), channel=DM)
    rep.sees("Companies.refused.csv*: Customers", channel=DM)
    rep.clicks("Try it", channel=DM, message="Companies.refused.csv")
    rep.sees("Would be: 1 added", channel=DM)


def test_columns_are_what_a_person_says(sent: Company) -> None:
    rep = sent.rep
    rep.clicks("Columns", channel=DM)
    rep.submits({"column1": "(left out)"})
    rep.sees("Website → left out", channel=DM)
    rep.clicks("Try it", channel=DM)
    rep.sees("Would be: 3 added", channel=DM)


def test_an_admin_makes_a_field_of_a_column_and_nobody_else_does(company: Company) -> None:
    company.admin.sends("Companies.csv", COMPANIES.encode("cp1252"), channel=DM)
    company.admin.sees("Founded → left out", channel=DM)
    company.admin.clicks("Columns", channel=DM)
    company.admin.submits({"column3": "A new field, of the type that its cells have", "dates": "day first: 31/12/2026"})
    company.admin.sees("*Founded* → a new field: date", channel=DM)
    company.admin.clicks("Try it", channel=DM)
    company.admin.sees("Would be: 2 added, 1 refused", channel=DM)
    company.admin.clicks("Bring them in", channel=DM)
    company.admin.sees("Customers are in", channel=DM)
    assert "Founded" in company.admin.types("/customer show heron sails", channel=DM).text


def test_the_rows_may_be_something_else(sent: Company) -> None:
    rep = sent.rep
    rep.clicks("Columns", channel=DM)
    reply = rep.submits({"noun": "Contacts"})
    assert not reply.errors
    rep.sees("Companies.csv*: Contacts", channel=DM)


def test_nothing_is_answered_besides_the_card(sent: Company) -> None:
    sent.settles()
    assert len(sent.rep.messages(DM)) == 2


def test_records_of_who_is_not_here_are_given_to_who_is(company: Company) -> None:
    rep = company.rep
    table = "Company,Owner\nHeron,Gone Person\nFinch,Gone Person\nKestrel,*Other* <Person>\nEgret,\n"
    rep.sends("Companies.csv", table.encode(), channel=DM)
    rep.sees("Company", channel=DM)
    rep.clicks("Try it", channel=DM)
    rep.sees("Nobody here is called Gone Person (2 rows)", channel=DM)
    rep.clicks("Bring them in", channel=DM)
    rep.sees("Customers are in", channel=DM)
    rep.types("/customer edit finch owner:me", channel=DM)
    rep.clicks("Whose are they?", channel=DM, message="Customers are in")
    assert rep.submits({}).errors
    rep.submits({"owner0": company.manager.id})
    rep.sees("1 record has an owner now", channel=DM)
    assert owners(company) == {"Heron": company.manager.id, "Finch": rep.id, "Kestrel": None, "Egret": None}
    rep.types("/crm undo", channel=DM)
    assert owners(company) == {"Heron": None, "Finch": rep.id, "Kestrel": None, "Egret": None}
    rep.clicks("Whose are they?", channel=DM, message="Customers are in")
    rep.submits({"owner1": company.manager.id})
    rep.sees("1 record has an owner now", channel=DM)
    assert owners(company)["Kestrel"] == company.manager.id
    assert not [one for one in company.manager.messages(DM) if "Kestrel" in str(one)], "nobody is told of each record"


def owners(company: Company) -> dict[str, str | None]:
    with company.database.transaction(company.workspace) as session:
        return {one.name: one.owner_id for one in session.scalars(select(Customer))}


def test_a_file_is_left_as_it_is(sent: Company) -> None:
    sent.rep.clicks("Leave it", channel=DM)
    sent.rep.sees("not brought in", channel=DM)
    assert "no customer" in sent.rep.types("/customer show heron sails", channel=DM).text.lower()


@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("page.csv", b"<!DOCTYPE html><html>", "lacks the scope"),
        ("empty.csv", b"\n", "There are no rows in this file"),
        ("colours.csv", b"Colour,Shade\nred,dark\n", "which column"),
        ("bomb.xlsx", b"PK\x03\x04bomb", "archive"),
    ],
)
def test_what_is_no_table_is_said_on_the_card(company: Company, name: str, content: bytes, said: str) -> None:
    company.rep.sends(name, content, channel=DM)
    company.rep.sees(said, channel=DM)


def test_a_file_without_the_scope_says_what_is_missing(company: Company) -> None:
    scopes = ["chat:write", "im:history", "im:write", "users:read"]
    company.sandbox.control.admin("grants", app_id=APP_ID, team=company.workspace, scopes=scopes)
    company.rep.sends("a.csv", b"Company\nHeron\n", channel=DM)
    company.rep.sees("files:read", channel=DM)


def test_who_may_not_change_records_brings_none_in(company: Company) -> None:
    company.gives("agent", "viewer")
    company.agent.sends("a.csv", b"Company\nHeron\n", channel=DM)
    company.agent.sees("needs the role rep or agent", channel=DM)


def test_an_agent_tries_no_import_of_what_only_reps_change(company: Company) -> None:
    company.gives("agent", "agent")
    company.agent.sends("a.csv", b"Company\nHeron\n", channel=DM)
    company.agent.sees("a.csv*: Customers", channel=DM)
    company.agent.clicks("Try it", channel=DM)
    company.agent.sees("This needs the role rep.", channel=DM)


def test_a_guest_s_file_is_not_read(company: Company) -> None:
    company.guest.sends("a.csv", b"Company\nHeron\n", channel=DM)
    company.settles()
    with company.database.transaction(company.workspace) as session:
        assert session.scalar(select(func.count()).select_from(ImportRun)) == 0


def test_a_quote_that_is_never_closed_is_named_with_its_line_and_swallows_no_row(company: Company) -> None:
    rep = company.rep
    rep.sends("Companies.csv", b'Company,Website\nHeron,heron.example\n"Finch,\nKestrel,\nEgret,\n', channel=DM)
    rep.sees("Companies.csv*: Customers", channel=DM)
    rep.clicks("Try it", channel=DM)
    rep.sees("Would be: 3 added, 1 refused", channel=DM)
    rep.sees("Line 3: A quote opens in line 3 and is not closed", channel=DM)


def test_a_workbook_says_which_sheet_it_is_read_from_and_another_is_chosen(company: Company) -> None:
    book, file = Workbook(), io.BytesIO()
    sheet = book.active
    assert sheet is not None
    sheet.title = "Read me"
    sheet.append(["How this file came to be"])
    for title, header in (("Companies", "Company"), ("<!here> & People", "Full name")):
        sheet = book.create_sheet(title)
        sheet.append([header, "Website" if header == "Company" else "E-mail"])
        sheet.append(["Heron", "heron.example" if header == "Company" else "h@heron.example"])
    book.save(file)
    rep = company.rep
    rep.sends("Everything.xlsx", file.getvalue(), channel=DM)
    rep.sees("I read the sheet *Companies*; not read: Read me, &lt;!here&gt; &amp; People", channel=DM)
    rep.clicks("Columns", channel=DM)
    assert not rep.submits({"sheet": "<!here> & People"}).errors
    rep.sees("Everything.xlsx*: Contacts", channel=DM)
    rep.sees("not read: Read me, Companies", channel=DM)
    rep.clicks("Try it", channel=DM)
    rep.sees("Would be: 1 added", channel=DM)
    rep.clicks("Bring them in", channel=DM)
    rep.sees("Contacts are in", channel=DM)


def test_stages_that_are_missing_are_offered_and_what_was_said_of_columns_is_remembered(company: Company) -> None:
    deals = "Deal;Phase;Betrag;Vermerk\nPilot;Trial;1.200,50 €;a\nFleet;Lead;5,00 €;b\nSumme;;1.205,50 €;\n"
    admin = company.admin
    admin.sends("Deals.csv", deals.encode("cp1252"), channel=DM)
    admin.clicks("Try it", channel=DM)
    admin.sees("Would be: 1 added, 1 refused", channel=DM)
    admin.sees("Not there yet: Trial. *Columns* can have them added first", channel=DM)
    admin.clicks("Columns", channel=DM)
    admin.submits({"adds": "Add them", "column3": "Note"})
    admin.sees("*Vermerk* → Note", channel=DM)
    admin.clicks("Try it", channel=DM)
    admin.sees("Not there yet, and added first: Trial", channel=DM)
    admin.clicks("Bring them in", channel=DM)
    admin.sees("Deals are in", channel=DM)
    admin.sees("2 added", channel=DM)
    admin.sends("Later.csv", deals.replace("Fleet", "Boats").encode("cp1252"), channel=DM)
    admin.sees("Later.csv*: Deals", channel=DM)
    assert "*Vermerk* → Note" in str(admin.messages(DM)[-1])
    admin.clicks("Try it", channel=DM, message="Later.csv")
    admin.sees("Would be: 1 added, 1 left alone", channel=DM)


def test_while_slack_takes_nothing_an_import_comes_to_its_end_and_its_one_card_says_so(company: Company) -> None:
    rep, slack = company.rep, company.sandbox.control
    slack.fault("rate_limit", method="chat.postMessage", count=1)
    rep.sends("Companies.csv", COMPANIES.encode("cp1252"), channel=DM)
    rep.clicks("Try it", channel=DM)
    rep.sees("Would be: 2 added, 1 refused", channel=DM)
    slack.fault("rate_limit", method="chat.update", count=None)
    rep.clicks("Bring them in", channel=DM)
    until(lambda: states(company) == ["done"])
    assert not [one for one in rep.messages(DM) if "are in" in str(one)]
    slack.clear_faults()
    rep.sees("Customers are in", channel=DM)
    rep.sees("2 added, 1 refused", channel=DM)
    company.settles()
    assert len(rep.messages(DM)) == 2, "the file, and one card"
    assert owners(company) == {"Heron Sails": None, "Finch & Söhne": None}


def states(company: Company) -> list[str]:
    with company.database.transaction(company.workspace) as session:
        return list(session.scalars(select(ImportRun.state)))
