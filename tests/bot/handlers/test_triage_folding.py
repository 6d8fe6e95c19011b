"""The same trouble reported by several people, as support meets it: one card, and one word about it."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from storage.support import tickets
from tests.support.company import Company

DOWN = (
    "Our dashboard is not loading, getting a 502 Bad Gateway",
    "dashboard not loading for us: 502 bad gateway",
    "Dashboard shows 502 bad gateway again, not loading",
    "The dashboard is not loading, 502 bad gateway here too",
    "We get a 502 bad gateway, the dashboard is not loading",
)


@pytest.fixture
def support(company: Company, manager: Person) -> Company:
    """Make #general an inbox whose cards are in #support."""
    company.admin.invites("guest", channel="CGENERAL")
    manager.types("/crm inbox #general", channel="CSUPPORT")
    manager.types("/crm triage #support", channel="CGENERAL")
    return company


def cards(company: Company) -> list[str]:
    return [str(one) for one in company.agent.messages("CSUPPORT")]


def test_what_several_report_is_folded_told_once_and_resolved_at_once(support: Company) -> None:
    others = (support.rep, support.agent, support.manager)
    support.guest.posts(DOWN[0], channel="CGENERAL")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.agent.types("/ticket assign T-1 me", channel="CSUPPORT")
    for who, text in zip(others, DOWN[1:4], strict=True):
        who.posts(text, channel="CGENERAL")
        support.settles()
    support.agent.sees("Others report the same (1 customer and 3 colleagues", channel="CSUPPORT")
    assert "going on" not in "".join(cards(support))
    support.admin.posts(DOWN[4], channel="CGENERAL")
    support.agent.sees("Something is going on: 1 customer and 4 colleagues in", channel="CSUPPORT")
    card = support.agent.sees("Others report the same (1 customer and 4 colleagues", channel="CSUPPORT")
    assert all(part in card for part in ("T-2", "T-3", "T-4", "T-5", DOWN[4]))
    assert len(support.agent.messages("CSUPPORT")) == 3  # the card, the answer to the command, and the word

    with support.database.transaction(support.workspace) as session:
        assert {tickets.get(session, number).assignee_id for number in (2, 3, 4, 5)} == {"UAAGENT"}
    support.agent.selects("Is something else", f"T-4 {DOWN[3]}", channel="CSUPPORT")
    support.agent.sees("now has its own card")
    support.agent.sees("T-4", channel="CSUPPORT")
    support.agent.sees("Others report the same (1 customer and 3 colleagues", channel="CSUPPORT")
    assert "not part of another ticket" in support.agent.types("/ticket unfold T-4", channel="CSUPPORT").text
    support.agent.clicks("Resolve all 4", channel="CSUPPORT")
    support.agent.sees("4 tickets are resolved", channel="CSUPPORT")
    with support.database.transaction(support.workspace) as session:
        done = [tickets.get(session, number).status for number in range(1, 6)]
    assert done == ["resolved", "resolved", "resolved", "open", "resolved"]
