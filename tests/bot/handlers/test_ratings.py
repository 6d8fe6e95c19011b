"""Customers who are asked how they were served: where a workspace wants it, only them, and shown where it matters."""

from __future__ import annotations

import pytest

from sandbox.control.client import Person
from tests.support.company import Company
from tests.support.passing_time import pass_time
from tests.support.support_desk import BROKEN, INVOICE
from tests.support.waiting import until


@pytest.fixture
def asking(support: Company, admin: Person) -> Company:
    """Have a workspace ask, and its agent take the ticket."""
    assert "Customers are asked." in admin.types("/crm ratings on").text.replace("*", "")
    support.agent.clicks("Take", channel="CSUPPORT")
    support.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    return support


def resolve(company: Company) -> None:
    company.agent.clicks("Resolve", channel="CSUPPORT")
    company.agent.sees("Status: resolved", channel="CSUPPORT")
    company.settles()


def questions(company: Company) -> list[str]:
    return [one for one in company.customer.texts("CSHARED") if "how did we do" in one or "Thank you" in one]


def test_a_customer_answers_changes_it_and_those_who_served_them_hear(asking: Company, admin: Person) -> None:
    resolve(asking)
    assert questions(asking) == []
    pass_time(asking.database, asking.workspace, 61)
    asking.customer.sees("@Carla Customer, how did we do? Only you can answer.", channel="CSHARED")
    asked = asking.customer.messages("CSHARED")
    assert asked[-1]["thread_ts"] == asked[0]["ts"]
    assert "T-1" not in str(asked[-1])
    asking.agent.clicks("Very good", channel="CSHARED")
    asking.agent.sees("Only who was asked can answer this.", channel="CSHARED")
    assert "of 5" not in asking.agent.types("/ticket show T-1", channel="CGENERAL").text
    asking.customer.clicks("Very bad", channel="CSHARED")
    asking.customer.sees("Thank you for your answer, @Carla Customer.", channel="CSHARED")
    asking.agent.sees("A customer was not happy with T-1")
    asking.agent.sees("Carla Customer answered: very bad (1 of 5)", channel="CSUPPORT")
    assert "very bad" not in " ".join(asking.customer.texts("CSHARED"))
    asking.agent.clicks("Add a word or change it", channel="CSHARED")
    asking.agent.sees("Only who was asked can answer this.")
    asking.agent.closes()
    asking.customer.clicks("Add a word or change it", channel="CSHARED")
    asking.customer.submits({"How did we do?": "Good", "In your words": "Solved *in the end* <!channel>"})
    asking.agent.sees("answered: good (4 of 5)", channel="CSUPPORT")
    shown = asking.agent.types("/ticket show T-1", channel="CGENERAL").text
    assert "Carla Customer answered: good (4 of 5)" in shown.replace("*good*", "good")
    assert "<!channel>" in shown
    asking.agent.sees("good (4 of 5)", channel="CSUPPORT")
    asking.gives("rep", "manager")
    digest = asking.rep.types("/digest now support", channel="CGENERAL").text.replace("*", "")
    assert "How customers were served  4.0 of 5, 1 answers" in digest
    assert "Anton Agent 4.0 (1)" in digest
    explained = asking.rep.types("/digest explain ratings", channel="CGENERAL").text
    assert "T-1" in explained
    assert "good" in explained
    history = asking.agent.types("/crm history T-1", channel="CGENERAL").text
    assert "said how they were served" in history


def test_nobody_is_asked_by_default_and_the_setting_is_undone(support: Company, admin: Person) -> None:
    assert "Customers are not asked" in admin.types("/crm ratings").text
    assert "needs the role admin" in support.agent.types("/crm ratings on", channel="CGENERAL").text
    assert "Write on or off." in admin.types("/crm ratings perhaps").text
    admin.types("/crm ratings on")
    assert "Taken back" in admin.types("/crm undo").text
    assert "Customers are not asked" in admin.types("/crm ratings").text
    resolve(support)
    pass_time(support.database, support.workspace, 61)
    support.settles()
    assert questions(support) == []


def test_what_was_resolved_by_mistake_asks_nobody_and_a_month_has_one_question(asking: Company) -> None:
    resolve(asking)
    asking.agent.clicks("Reopen", channel="CSUPPORT")
    asking.agent.sees("Status: open", channel="CSUPPORT")
    pass_time(asking.database, asking.workspace, 61)
    asking.settles()
    assert questions(asking) == []
    resolve(asking)
    pass_time(asking.database, asking.workspace, 61)
    until(lambda: len(questions(asking)) == 1)
    asking.customer.posts(INVOICE, channel="CSHARED")
    asking.agent.sees("T-2", channel="CSUPPORT")
    asking.agent.types("/ticket resolve T-2", channel="CGENERAL")
    pass_time(asking.database, asking.workspace, 61)
    asking.settles()
    assert len(questions(asking)) == 1
    assert BROKEN in asking.customer.texts("CSHARED")[0]
