"""Show what the columns of many programs are taken for by their names alone."""

from __future__ import annotations

import pytest

from storage.transfer import mapping
from storage.transfer.cells import currency_of
from tests.support.tables import Desk

# Each column with what it is; one without an arrow is left out.
HEADERS = {
    "sf-opps.csv": "deal: Opportunity Owner>owner | Account Name>customer | Opportunity Name>name | "
    "Stage>stage | Fiscal Period | "
    "Amount Currency>@currency | Amount>amount | Expected Revenue | Close Date>close | Created Date>@created",
    "report1700.csv": "contact: Salutation | First Name>@first | Last Name>@last | Title>role | Phone>phone | "
    "Mobile>phone | Fax | "
    "Email>email | Account Owner | Account Name>customer | Contact ID>@id",
    "deals-pd.csv": "deal: Deal - Title>name | Deal - Value>amount | Deal - Organization>customer | "
    "Deal - Owner>owner | "
    "Deal - Stage>stage | Deal - Status>status | Deal - Label",
    "crm.lead.csv": "deal: Created on>@created | Opportunity>name | Contact Name | Salesperson>owner | "
    "Expected Revenue>amount | "
    "Stage>stage | Expected Closing>close | Customer>customer",
    "zohodesk.csv": "ticket: Ticket Id>@id | Contact Name>contact | Account Name>customer | Subject>name | "
    "Description>@note | "
    "Status>status | Priority>priority | Ticket Owner>assignee | Created Time>@created | Channel",
    "jira.csv": "ticket: Issue Type | Issue key>@id | Summary>name | Assignee>assignee | Reporter>contact | "
    "Priority>priority | "
    "Status>status | Created>@created | Updated | Resolved>resolved",
    "suite.csv": "deal: id>@id | name>name | account_name>customer | amount>amount | currency_name | "
    "sales_stage>stage | "
    "date_closed>close | assigned_user_name>owner | date_entered>@created",
    "Connections.csv": "contact: First Name>@first | Last Name>@last | URL | Email Address>email | "
    "Company>customer | Position>role",
    "xero.csv": "contact: *ContactName>name | AccountNumber | EmailAddress>email | PhoneNumber>phone | Website",
    "kontakte.csv": "contact: Anrede | Vorname>@first | Nachname>@last | Firma>customer | Position>role | "
    "Mobiltelefon>phone | "
    "Telefon geschäftlich>phone | E-Mail-Adresse>email | Notizen>@note",
    "contacts.csv": "contact: Titre | Prénom>@first | Nom>@last | Société>customer | Fonction>role | "
    "Tél. mobile>phone | "
    "Adresse de messagerie>email",
    "contactos.csv": "contact: Nombre>@first | Apellidos>@last | Organización>customer | Puesto>role | Móvil>phone",
    "old.csv": "contact: Name>name | Given Name | Family Name | E-mail 1 - Type | E-mail 1 - Value>email | "
    "Phone 1 - Value>phone | "
    "Organization 1 - Name>customer | Organization 1 - Title>role",
    "attio.csv": "deal: Record ID>@id | Deal name>name | Deal stage>stage | Deal value>amount | "
    "Associated company>customer",
    "teamleader.csv": "deal: Titel>name | Firma>customer | Ansprechpartner | Phase>stage | Betrag>amount | "
    "Währung>@currency | "
    "Verantwortlich>owner | Voraussichtlicher Abschluss>close",
    "tasks.csv": "task: Subject>name | Due Date>at | Status>status | Priority | Related To>@about | Assigned To>person",
}


def test_columns_are_known_by_what_many_programs_call_them(desk: Desk) -> None:
    nouns, wrong = desk.declarations, {}
    for name, told in HEADERS.items():
        noun, _, columns = told.partition(": ")
        left = _columns(columns)
        found = mapping.guess(list(left), name, nouns)
        if (found.noun, {one.name: one.to for one in found.columns}) != (noun, left):
            wrong[name] = {one.name: one.to for one in found.columns if one.to != left[one.name]}
    assert wrong == {}


def _columns(told: str) -> dict[str, str]:
    parts = (one.partition(">") for one in told.split(" | "))
    return {name: to for name, _, to in parts}


@pytest.mark.parametrize(
    ("written", "workspace", "currency"),
    [
        ("US Dollar", "EUR", "USD"),
        ("euros", "USD", "EUR"),
        ("kr", "EUR", "SEK"),
        ("kr", "DKK", "DKK"),
        ("$", "AUD", "AUD"),
        ("RMB", "EUR", "CNY"),
    ],
)
def test_a_currency_is_known_by_its_sign_and_its_name(written: str, workspace: str, currency: str) -> None:
    assert currency_of(written, workspace) == currency
