"""Write files as other programs export them, with the dirt that is in them after years of use."""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

WORDS = [
    *("Aurora", "Beacon", "Cedar", "Delta", "Ember", "Falcon", "Granite", "Harbor"),
    *("Iris", "Juniper", "Kestrel", "Lumen", "Maple", "Nimbus", "Onyx"),
]
KINDS = ["Robotics", "Logistics", "Foods", "Software", "Textiles", "Energy", "Media", "Optics", "Ltd.", "GmbH", "Inc."]
FIRST = ["Jane", "Wei", "Zoë", "Łukasz", "Søren", "伟", "Mara", "Olu", "Inés", "Bob"]
LAST = ["Doe", "Zhang", "O’Neil", "Kowalski", "Müller", "García", "Okafor", "王", "Smith"]


@dataclass(frozen=True)
class Export:
    """Hold the files of one program, and what has to be there once they are in."""

    companies: bytes
    people: bytes
    n_companies: int
    n_people: int
    refused: int
    """So many rows cannot be read, in both files together."""


def written(header: Sequence[str], rows: Sequence[Sequence[str]], *, separator: str = ",", encoding: str) -> bytes:
    """Return a table as a file, with an empty line or a repeated header here and there."""
    out = io.StringIO(newline="")
    writer = csv.writer(out, delimiter=separator)
    for at, row in enumerate([header, *rows]):
        writer.writerow(row)
        if at % 97 == 50:
            writer.writerow(["" for _ in row])  # an empty line
        if at % 500 == 250:
            writer.writerow(header)  # two exports, one behind the other
    return out.getvalue().encode(encoding)


def make_companies(chance: Random, count: int) -> list[tuple[str, str, str]]:
    """Return companies, each by number, name and domain."""
    return [
        (str(10_000 + n), f"{chance.choice(WORDS)} {chance.choice(KINDS)} {n}", f"www.company{n}.example")
        for n in range(count)
    ]


def _people(
    chance: Random, count: int, companies: Sequence[tuple[str, str, str]]
) -> list[tuple[str, str, str, str, str, str]]:
    found = []
    for n in range(count):
        number, company, _domain = chance.choice(companies)
        email = f"person{n}@company.example" if n % 11 else ""
        found.append((str(90_000 + n), chance.choice(FIRST), f"{chance.choice(LAST)} {n}", email, number, company))
    return found


def hubspot(count: int = 300, seed: int = 1) -> Export:
    """Write what HubSpot exports: UTF-8 with a mark, times with hours, several companies of one person in one cell."""
    chance = Random(seed)
    companies = make_companies(chance, count)
    rows = [
        [
            number,
            name,
            domain if n % 13 else "",
            "rep@ours.example" if n % 3 else "",
            f"2024-03-{n % 28 + 1:02} 09:15",
            "two\nlines",
        ]
        for n, (number, name, domain) in enumerate(companies)
    ]
    rows.append(["77", "Broken Ltd", "no domain at all", "", "", ""])
    people = _people(chance, 2 * count, companies)
    header = [
        "Record ID",
        "First Name",
        "Last Name",
        "Email",
        "Phone Number",
        "Create Date",
        "Associated Company",
        "Associated Company IDs",
    ]
    second = [
        [number, first, last, email, "+1 555 0100" if n % 2 else "", "2024-03-01 10:00", company, f"{at};99"]
        for n, (number, first, last, email, at, company) in enumerate(people)
    ]
    second.append(["78", "Bad", "Address", "not an address", "", "", "", ""])
    companies_header = [
        "Record ID",
        "Company name",
        "Company Domain Name",
        "Company owner",
        "Create Date",
        "Description",
    ]
    return Export(
        written(companies_header, rows, encoding="utf-8-sig"),
        written(header, second, encoding="utf-8-sig"),
        count,
        2 * count,
        2,
    )


def salesforce(count: int = 300, seed: int = 2) -> Export:
    """Write what Salesforce exports: Latin-1, every cell quoted, people linked by their account's id alone."""
    chance = Random(seed)
    companies = make_companies(chance, count)
    rows = [
        [number, name, domain, "005000000000001", "2024-03-01T09:15:00.000Z", "Hot"]
        for number, name, domain in companies
    ]
    people = [
        (number, first if first.isascii() else "Zoë", last if last.isascii() else f"Müller {number}", email, at)
        for number, first, last, email, at, _company in _people(chance, count, companies)
    ]
    second = [
        [number, at, first, last, email, "Chief", "2024-03-01T09:15:00.000Z"]
        for number, first, last, email, at in people
    ]
    return Export(
        written(["Id", "Name", "Website", "OwnerId", "CreatedDate", "Rating"], rows, encoding="cp1252"),
        written(
            ["Id", "AccountId", "FirstName", "LastName", "Email", "Title", "CreatedDate"], second, encoding="cp1252"
        ),
        count,
        count,
        0,
    )


def pipedrive(count: int = 300, seed: int = 3) -> Export:
    """Write what Pipedrive exports: semicolons, and the noun before each column's name."""
    chance = Random(seed)
    companies = make_companies(chance, count)
    rows = [[number, name, domain, "Rep", "2024-03-01 09:15:00"] for number, name, domain in companies]
    second = [
        [number, f"{first} {last}", email, company, "2024-03-01 09:15:00"]
        for number, first, last, email, _at, company in _people(chance, count, companies)
    ]
    first_header = [
        "Organization - ID",
        "Organization - Name",
        "Organization - Website",
        "Organization - Owner",
        "Organization - Organization created",
    ]
    return Export(
        written(first_header, rows, separator=";", encoding="utf-8"),
        written(
            [
                "Person - ID",
                "Person - Name",
                "Person - Email - Work",
                "Person - Organization",
                "Person - Person created",
            ],
            second,
            separator=";",
            encoding="utf-8",
        ),
        count,
        count,
        0,
    )


def zoho(count: int = 300, seed: int = 4) -> Export:
    """Write what Zoho exports: ids with a word before them, days with the month first, a total at the end."""
    chance = Random(seed)
    companies = make_companies(chance, count)
    rows = [
        [f"zcrm_{number}", name, domain, "Somebody Else", f"03/{n % 28 + 1:02}/2024 09:15 AM"]
        for n, (number, name, domain) in enumerate(companies)
    ]
    rows.append(["Total", str(count), "", "", ""])
    second = [
        [f"zcrm_{number}", first, last, email, company, f"zcrm_{at}"]
        for number, first, last, email, at, company in _people(chance, count, companies)
    ]
    return Export(
        written(["Record Id", "Account Name", "Website", "Account Owner", "Created Time"], rows, encoding="utf-16"),
        written(
            ["Record Id", "First Name", "Last Name", "Email", "Account Name", "Account Name.id"],
            second,
            encoding="utf-8",
        ),
        count,
        count,
        0,
    )


def address_book(count: int = 300, seed: int = 5) -> bytes:
    """Write an address book: tabs, no numbers, and people twice."""
    chance = Random(seed)
    people = _people(chance, count, make_companies(chance, count))
    rows = [
        [first, last, email or f"p{number}@mail.example", company]
        for number, first, last, email, _at, company in people
    ]
    rows += rows[:: count // 10]
    return written(
        ["First Name", "Last Name", "E-mail 1 - Value", "Organization Name"], rows, separator="\t", encoding="utf-8"
    )
