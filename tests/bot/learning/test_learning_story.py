"""Walk the learning loop through the sandbox: corrections, the fit, the announcement and the roll back."""

from __future__ import annotations

import re

from sqlalchemy import func, select

from sandbox.control.client import Person
from storage.support import messages, model_versions
from storage.support.labels import Label
from storage.support.messages import IncomingMessage
from tests.support.company import Company
from tests.support.small_model import KIND, NEXT

SLOW = 60.0


def test_a_new_kind_is_learned_from_twenty_corrections_and_rolled_back(company: Company, manager: Person) -> None:
    company.rep.types("/customer add Globex", channel="CGENERAL")
    company.rep.types("/customer link globex channel:#ext-globex", channel="CGENERAL")
    manager.types("/crm inbox #general", channel="CGENERAL")
    manager.types("/crm triage #support", channel="CGENERAL")
    manager.types("/crm grouping #ext-globex by:thread", channel="CGENERAL")
    # As another replica does that is at it, so that the clock does not fit a model to half of the story.
    with company.bot.learning.alone(company.workspace) as alone:
        assert alone
        manager.types("/crm categories add")
        manager.submits({"Name": "Wholesale", "Examples, one per line": "wholesale?\nbulk order\ntrade account"})
        for text in KIND:
            company.customer.posts(text, channel="CSHARED")
        company.settles(SLOW)
        for ts in cards(company).values():
            company.agent.selects("Category", "Wholesale", channel="CSUPPORT", message=ts)
        company.settles(SLOW)
        assert corrections(company) == len(KIND)
        # Corrected on the card once, and right at once for the next customer.
        company.rep.posts(KIND[0], channel="CGENERAL")
        company.agent.sees("T-21", channel="CSUPPORT", within=SLOW)
        assert judged(company, 21).category == "wholesale"

    # Or the clock is at it already.
    company.bot.learning.learn(company.workspace)
    company.agent.sees("The model learned from 23 labels", channel="CSUPPORT", within=SLOW)
    with company.database.transaction(company.workspace) as session:
        live = model_versions.live(session)
        assert live is not None
    for number, text, version in ((22, NEXT, live.version), (23, KIND[3], f"{live.version}+memory")):
        company.customer.posts(text, channel="CSHARED")
        company.agent.sees(f"T-{number}", channel="CSUPPORT", within=SLOW)
        assert "*Wholesale*" in shown(company, number)
        found = judged(company, number)
        assert (found.category, found.abstained, found.model_version) == ("wholesale", False, version)

    manager.types("/crm model")
    manager.clicks("Roll back")
    manager.sees("From now on *the starter model* answers.")
    with company.database.transaction(company.workspace) as session:
        assert company.bot.models.of(session).classify(NEXT).category != "wholesale"
        assert company.bot.models.of(session).classify(KIND[3]).version.endswith("+memory")


def cards(company: Company) -> dict[int, str]:
    """Return the ts of each ticket's card, the oldest first."""
    found: dict[int, str] = {}
    for one in company.agent.messages("CSUPPORT"):
        if (named := re.search(r"T-(\d+)", str(one))) is not None:
            found.setdefault(int(named[1]), str(one["ts"]))
    return found


def shown(company: Company, number: int) -> str:
    ts = cards(company)[number]
    return next(str(one) for one in company.agent.messages("CSUPPORT") if one["ts"] == ts)


def judged(company: Company, ticket_id: int) -> IncomingMessage:
    with company.database.transaction(company.workspace) as session:
        return messages.of_ticket(session, ticket_id)[0]


def corrections(company: Company) -> int:
    with company.database.transaction(company.workspace) as session:
        return session.scalars(select(func.count()).select_from(Label)).one()
