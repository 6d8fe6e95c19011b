"""Walk the learning loop through the sandbox: corrections, the fit, the announcement and the roll back."""

from __future__ import annotations

from sandbox.control import Person
from storage import labels, messages, model_versions, tickets
from tests.bot.conftest import Company
from tests.bot.test_learning import KIND, NEXT

SLOW = 60.0


def test_a_new_kind_is_learned_from_twenty_corrections_and_rolled_back(company: Company, manager: Person) -> None:
    company.rep.types("/customer add Globex", channel="CGENERAL")
    company.rep.types("/customer link globex channel:#ext-globex", channel="CGENERAL")
    manager.types("/crm inbox #general", channel="CGENERAL")
    manager.types("/crm triage #support", channel="CGENERAL")
    manager.types("/crm categories add")
    manager.submits({"Name": "Wholesale", "Examples, one to a line": "wholesale?\nbulk order\ntrade account"})

    # Corrected on the card once, and right at once for the next customer.
    company.customer.posts(KIND[0], channel="CSHARED")
    company.agent.sees("T-1", channel="CSUPPORT", within=SLOW)
    company.agent.selects("Category", "Wholesale", channel="CSUPPORT")
    company.agent.sees("said @Anton Agent", channel="CSUPPORT")
    company.rep.posts(KIND[0], channel="CGENERAL")
    company.agent.sees("T-2", channel="CSUPPORT", within=SLOW)
    with company.database.transaction(company.workspace) as session:
        assert tickets.get(session, 2).category == "wholesale"

    with company.database.transaction(company.workspace) as session:
        for number, text in enumerate(KIND[1:]):
            message = messages.receive(
                session, channel_id="CSHARED", ts=f"17000{number:05d}.000100", text=text, author_id="UBCARLA"
            )
            assert message is not None
            labels.correct(session, message, "wholesale", actor_id="UAAGENT")
    # Or the clock is at it already.
    company.bot.learning.learn(company.workspace)
    company.agent.sees("The model learned from", channel="CSUPPORT", within=SLOW)
    with company.database.transaction(company.workspace) as session:
        live = model_versions.live(session)
        assert live is not None
        verdict = company.bot.models.of(session).classify(NEXT)
        assert (verdict.category, verdict.version) == ("wholesale", live.version)

    manager.types("/crm model")
    manager.clicks("Roll back")
    manager.sees("From now on *the starter model* answers.")
    with company.database.transaction(company.workspace) as session:
        assert company.bot.models.of(session).classify(NEXT).category != "wholesale"
        assert company.bot.models.of(session).classify(KIND[3]).version.endswith("+memory")
