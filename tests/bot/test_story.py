"""Tell the README's story from start to end: a rep, a customer, an agent and a manager, over Slack's wire."""

from __future__ import annotations

import pytest
from sqlalchemy import select, text

from storage.crm.deals import Deal
from storage.support.labels import Label
from storage.support.tickets import Ticket
from tests.support.company import Company
from tests.support.waiting import until


@pytest.mark.parametrize("transport", ["socket", "http"], indirect=True)
def test_a_day_with_rapport(company: Company) -> None:
    rep, agent, manager, admin, customer = (
        company.rep,
        company.agent,
        company.manager,
        company.admin,
        company.customer,
    )

    # An admin sets the workspace up.
    assert "EUR" in admin.types("/crm setup currency:EUR zone:Europe/Berlin", channel="CGENERAL").text
    assert "manager" in admin.types("/crm role @manager manager", channel="CGENERAL").text
    assert "#support" in admin.types("/crm triage #support", channel="CGENERAL").text

    # A rep adds a customer and, in a form, a deal; finds, lists, moves, and takes back.
    assert "Globex" in rep.types("/customer add Globex domain:globex.example", channel="CGENERAL").text
    rep.types("/deal", channel="CGENERAL")
    rep.sees("New deal")
    rep.types_option("records.pick", "globx")
    rep.submits(name="Pilot for Globex", amount="12k", customer="C-1")
    rep.sees("€12,000")
    assert "D-1" in rep.types("/deal list owner:me amount>10k", channel="CGENERAL").text
    assert "Globex" in rep.types("/crm find globx", channel="CGENERAL").text
    assert "Proposal" in rep.types("/deal move D-1 proposal", channel="CGENERAL").text
    assert "Taken back" in rep.types("/crm undo", channel="CGENERAL").text
    assert "Lead" in rep.types("/deal show D-1", channel="CGENERAL").text
    with company.database.transaction(company.workspace) as session:
        deal = session.scalars(select(Deal)).one()
        assert (deal.name, deal.amount_minor, deal.currency) == ("Pilot for Globex", 1_200_000, "EUR")

    # A customer writes in the shared channel; support takes, corrects and resolves it on the card.
    assert "Globex" in rep.types("/customer link globex", channel="CSHARED").text
    customer.posts("We were charged twice for the March invoice, please look into it", channel="CSHARED")
    card = agent.sees("Billing and payment", channel="CSUPPORT")
    assert "T-1" in card and "charged" in card and "Globex" in card
    agent.clicks("Take", channel="CSUPPORT")
    agent.sees("With: @Anton Agent", channel="CSUPPORT")
    agent.selects("triage.category", "Refund and return", channel="CSUPPORT")
    agent.sees("Refund and return*  set by @Anton", channel="CSUPPORT")
    until(lambda: _labels(company) == ["refund"])
    agent.clicks("Resolve", channel="CSUPPORT")
    agent.sees("resolved", channel="CSUPPORT")
    with company.database.transaction(company.workspace) as session:
        assert session.scalars(select(Ticket.status)).one() == "resolved"
    customer.does_not_see("T-1")

    # What was promised arrives as a DM; who promised it is done with it.
    promised = rep.types('/followup add D-1 when:"in 2 hours" call back about pricing', channel="CGENERAL")
    assert "I will remind you" in promised.text
    _let_time_pass(company)
    rep.sees("call back about pricing", channel="@Rapport")
    rep.clicks("Done", channel="@Rapport")
    rep.sees("Done.", channel="@Rapport")

    # A manager sees the numbers, and what is behind one.
    digest = manager.types("/digest now", channel="CGENERAL").text
    assert "€12,000" in digest and "Tickets resolved" in digest
    assert "D-1" in manager.types("/digest explain open", channel="CGENERAL").text


def _labels(company: Company) -> list[str]:
    with company.database.transaction(company.workspace) as session:
        return list(session.scalars(select(Label.new_category)))


def _let_time_pass(company: Company) -> None:
    """Make what is due later due now."""
    with company.database.transaction(company.workspace) as session:
        session.execute(text("UPDATE followup SET due_at = now()"))
        session.execute(text("UPDATE due SET at = now() WHERE kind = 'followup'"))
