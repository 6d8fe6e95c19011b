"""Write the deals and tickets that other programs export, with the dirt that is in them, and say what must come in."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from random import Random

from tests.support.vendors import make_companies, written

CURRENCIES = ("USD", "EUR", "JPY")
STAGES = ("Lead", "Qualified", "Proposal", "Closed Won", "Closed Lost")


@dataclass
class Work:
    """Hold the files of one program, and what has to be there once they are in.

    `sums` are minor units by currency, `links` the company of each deal and ticket by its name; `refused` counts rows
    of the deals and of the tickets.
    """

    companies: bytes = b""
    deals: bytes = b""
    tickets: bytes = b""
    refused: tuple[int, int] = (0, 0)
    sums: Counter[str] = field(default_factory=Counter)
    stages: Counter[str] = field(default_factory=Counter)
    links: dict[str, str] = field(default_factory=dict)


def _amount(work: Work, chance: Random, currency: str, *, grouped: bool) -> str:
    """Return an amount as it is written, and add it to the sums; one in nine is empty."""
    if chance.randrange(9) == 0:
        return ""
    minor = chance.randrange(1, 5_000_000)
    work.sums[currency] += minor
    if currency == "JPY":
        return f"{minor:,}" if grouped else str(minor)
    return f"{minor // 100:,}.{minor % 100:02}" if grouped else f"{minor // 100}.{minor % 100:02}"


def hubspot(deals: int = 1_000, tickets: int = 150, seed: int = 11) -> Work:
    """Write what HubSpot exports: companies by name, thousands parted, a total and cells of several lines."""
    chance, work = Random(seed), Work()
    companies = make_companies(chance, 60)
    rows = []
    for n in range(deals):
        name, (_number, company, _domain) = f"Deal {n} “{chance.choice('äß王é')}”", chance.choice(companies)
        currency, stage = chance.choice(CURRENCIES), chance.choice(STAGES)
        amount = _amount(work, chance, currency, grouped=True)
        rows.append([str(n), name, stage, amount, currency, f"2026-02-{n % 28 + 1:02}", company, "2026-01-05 10:00"])
        work.stages[stage.removeprefix("Closed ")] += 1
        work.links[name] = company
    rows += [
        ["a", "No such stage", "Nowhere", "5", "USD", "2026-02-01", "", ""],
        ["b", "No such day", "Lead", "5", "USD", "2026-02-31", "", ""],
        ["c", "No amount", "Lead", "many", "USD", "2026-02-01", "", ""],
        ["d", "No currency", "Lead", "5", "Taler", "2026-02-01", "", ""],
        ["e", "", "Lead", "5", "USD", "2026-02-01", "", ""],
    ]
    header = ["Record ID", "Deal Name", "Deal Stage", "Amount", "Currency", "Close Date", "Associated Company"]
    work.deals = written([*header, "Create Date"], rows, encoding="utf-8-sig")
    cases = []
    for n in range(tickets):
        name, (_number, company, _domain) = f"Ticket {n}", chance.choice(companies)
        priority = chance.choice(["LOW", "High", "urgent", ""])
        cases.append([str(n), name, "Closed" if n % 2 else "New", priority, "2026-01-05 10:00", company, "two\nlines"])
        work.links[name] = company
    cases.append(["x", "Odd", "Nowhere", "", "", "", ""])
    header = ["Ticket ID", "Ticket name", "Ticket status", "Priority", "Create date", "Associated Company"]
    work.tickets = written([*header, "Ticket description"], cases, encoding="utf-8-sig")
    work.refused = (5, 1)
    return work


def salesforce(deals: int = 1_000, tickets: int = 150, seed: int = 12) -> Work:
    """Write what Salesforce exports: Latin-1, plain numbers, everything linked by the ids of accounts alone."""
    chance, work = Random(seed), Work()
    companies = make_companies(chance, 60)
    accounts = [[number, name, domain, "005000000000001"] for number, name, domain in companies]
    work.companies = written(["Id", "Name", "Website", "OwnerId"], accounts, encoding="cp1252")
    rows = []
    for n in range(deals):
        name, (number, company, _domain) = f"Geschäft {n}", chance.choice(companies)
        currency, stage = chance.choice(CURRENCIES), chance.choice(STAGES)
        amount = _amount(work, chance, currency, grouped=False)
        rows.append([f"006{n}", number, name, stage, amount, currency, f"2026-02-{n % 28 + 1:02}"])
        work.stages[stage.removeprefix("Closed ")] += 1
        work.links[name] = company
    rows.append(["006x", "", "No such stage", "Nowhere", "5", "USD", "2026-02-01"])
    rows.append(["006y", "", "No such month", "Lead", "5", "USD", "2026-13-01"])
    header = ["Id", "AccountId", "Name", "StageName", "Amount", "CurrencyIsoCode", "CloseDate"]
    work.deals = written(header, rows, encoding="cp1252")
    cases = []
    for n in range(tickets):
        name, (number, company, _domain) = f"Fall {n}", chance.choice(companies)
        cases.append([f"500{n}", f"{n:08}", name, "Closed" if n % 2 else "New", "High", number])
        work.links[name] = company
    cases.append(["500x", "99999999", "", "New", "High", ""])
    header = ["Id", "CaseNumber", "Subject", "Status", "Priority", "AccountId"]
    work.tickets = written(header, cases, encoding="cp1252")
    work.refused = (2, 1)
    return work


def pipedrive(deals: int = 1_500, seed: int = 13) -> Work:
    """Write what Pipedrive exports: semicolons, what became of a deal beside its stage, companies by name."""
    chance, work = Random(seed), Work()
    companies = make_companies(chance, 60)
    rows = []
    for n in range(deals):
        name, (_number, company, _domain) = f"Deal {n} 🚀", chance.choice(companies)
        currency, stage = chance.choice(CURRENCIES), chance.choice(STAGES[:3])
        amount = _amount(work, chance, currency, grouped=True)
        status = chance.choice(["Open", "Won", "Lost"])
        over = "2026-02-12 09:00:00" if status != "Open" else ""
        row = [
            str(n),
            name,
            amount,
            currency,
            f"  {company} ",
            stage,
            status,
            over,
            "Too dear" if status == "Lost" else "",
        ]
        rows.append([*row, f"2026-02-{n % 28 + 1:02}", "Somebody Gone", "2026-01-05 10:00:00"])
        work.stages[stage if status == "Open" else status] += 1
        work.links[name] = company
    rows.append(["x", "No such status", "5", "USD", "", "Lead", "Asleep", "", "", "2026-02-01", "", ""])
    rows.append(["y", "No such currency", "5", "Taler", "", "Lead", "Open", "", "", "2026-02-01", "", ""])
    names = ["ID", "Title", "Value", "Currency of Value", "Organization", "Stage", "Status", "Deal closed on"]
    names += ["Lost reason", "Expected close date", "Owner", "Deal created"]
    work.deals = written([f"Deal - {name}" for name in names], rows, separator=";", encoding="utf-8")
    work.refused = (2, 0)
    return work


def zoho(deals: int = 1_500, tickets: int = 150, seed: int = 14) -> Work:
    """Write what Zoho exports: UTF-16, the month first, links by number beside the name, states of its own, totals."""
    chance, work = Random(seed), Work()
    companies = make_companies(chance, 60)
    accounts = [[f"zcrm_{number}", name, domain] for number, name, domain in companies]
    work.companies = written(["Record Id", "Account Name", "Website"], accounts, encoding="utf-16")
    rows = []
    for n in range(deals):
        name, (number, company, _domain) = f"商机 {n}", chance.choice(companies)
        currency, stage = chance.choice(CURRENCIES), chance.choice([*STAGES, "Closed Lost to Competition"])
        amount = _amount(work, chance, currency, grouped=True)
        day = f"02/{n % 28 + 1:02}/2026"
        rows.append([f"zcrm_d{n}", name, amount, currency, stage, day, "Old Name Ltd", f"zcrm_{number}"])
        work.stages["Lost" if "Lost" in stage else stage.removeprefix("Closed ")] += 1
        work.links[name] = company
    rows.append(["zcrm_dx", "No such stage", "5", "USD", "Nowhere", "02/01/2026", "", ""])
    rows.append(["Total", "", str(deals), "", "", "", "", ""])
    header = [
        "Record Id",
        "Deal Name",
        "Amount",
        "Currency",
        "Stage",
        "Closing Date",
        "Account Name",
        "Account Name.id",
    ]
    work.deals = written(header, rows, encoding="utf-16")
    cases = []
    for n in range(tickets):
        name, (number, company, _domain) = f"Case {n}", chance.choice(companies)
        status = chance.choice(["New", "On Hold", "Escalated", "Closed"])
        cases.append(
            [f"zcrm_c{n}", f"CAS-{n}", name, status, chance.choice(["High", "Medium", "Low", ""]), f"zcrm_{number}"]
        )
        work.links[name] = company
    cases.append(["zcrm_cx", "CAS-x", "Odd", "Nowhere", "", ""])
    header = ["Record Id", "Case Number", "Subject", "Status", "Priority", "Account Name.id"]
    work.tickets = written(header, cases, encoding="utf-8")
    work.refused = (1, 1)
    return work
