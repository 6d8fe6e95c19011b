"""One matter is one ticket: more about it joins, another opens its own, and of what is not sure support is asked."""

from __future__ import annotations

from bot.kit.blocks import Control
from ml.classify.classifier import MessageClassifier
from storage.database.engine import Database
from storage.support import messages, tickets
from storage.support.channels import Grouping
from storage.support.tickets import Ticket
from tests.support.company import Company
from tests.support.intake_driver import Channel, ts_at, wrote
from tests.support.support_desk import BROKEN, INVOICE, count_tickets, ticket_of
from tests.support.waiting import until

MINUTE = 60


def told(database: Database, model: MessageClassifier, *said: tuple[float, str]) -> list[list[str]]:
    """Return the texts of each ticket, in the order they were written, after messages in the order they arrive."""
    channel = Channel(database, model, Grouping.MATTER)
    for minute, text in said:
        channel.tell(wrote(ts_at(minute * MINUTE), text))
    text_of = {ts_at(minute * MINUTE): text for minute, text in said}
    return [[text_of[ts] for ts in sorted(found)] for _, found in sorted(channel.live().items())]


def test_two_matters_within_a_minute_are_two_tickets_and_additions_join_theirs(
    database: Database, model: MessageClassifier
) -> None:
    also = "Also, the invoice for October is wrong"
    found = told(database, model, (0, BROKEN), (1, also), (2, "[invoice.pdf]"), (300, "any news on the login page?"))
    assert found == [[BROKEN, "any news on the login page?"], [also, "[invoice.pdf]"]]


def test_thanks_keep_no_ticket_open_for_the_next_request(database: Database, model: MessageClassifier) -> None:
    thanks = "Thank you very much!"
    assert told(database, model, (0, BROKEN), (4, thanks), (5, INVOICE)) == [[BROKEN, thanks], [INVOICE]]


def test_what_arrives_before_its_turn_joins_what_was_written_before_it(
    database: Database, model: MessageClassifier
) -> None:
    more = "it says error 500 on the login page"
    assert told(database, model, (1, more), (0, BROKEN)) == [[BROKEN, more]]
    assert told(database, model, (1, INVOICE), (0, BROKEN)) == [[INVOICE], [BROKEN]]


def joined(company: Company) -> Ticket:
    """Have a doubtful message in the first ticket, whatever the rules made of it."""
    company.customer.posts("It is still an error 500 on the login page", channel="CSHARED")
    company.agent.sees("wrote again", channel="CSUPPORT")
    with company.database.transaction(company.workspace) as session:
        messages.of_ticket(session, 1)[-1].perhaps_ticket_id = 1
    company.rep.types("/ticket assign T-1 me", channel="CGENERAL")
    company.agent.sees("Perhaps another matter: It is still an error", channel="CSUPPORT")
    return ticket_of(company)


def test_a_doubt_about_a_message_that_joined_is_settled_by_one_click(support: Company) -> None:
    joined(support)
    support.agent.clicks("Same as T-1", channel="CSUPPORT")
    until(lambda: "Perhaps another matter" not in "".join(support.agent.texts("CSUPPORT")))
    assert count_tickets(support) == 1


def test_a_message_that_joined_becomes_a_ticket_of_its_own_by_one_click(support: Company) -> None:
    joined(support)
    support.agent.clicks("New ticket", channel="CSUPPORT")
    support.agent.sees("T-2", channel="CSUPPORT")
    assert ticket_of(support, 2).name == "It is still an error 500 on the login page"
    until(lambda: "Perhaps" not in "".join(support.agent.texts("CSUPPORT")))


def test_a_new_ticket_that_is_the_same_matter_is_joined_by_one_click(support: Company) -> None:
    support.customer.posts("Also, the October invoice shows two seats too many", channel="CSHARED")
    support.agent.sees("T-2", channel="CSUPPORT")
    with support.database.transaction(support.workspace) as session:
        messages.of_ticket(session, 2)[0].perhaps_ticket_id = 1
    support.rep.types("/ticket assign T-2 me", channel="CGENERAL")
    support.agent.sees("Perhaps the same matter as T-1", channel="CSUPPORT")
    support.agent.clicks("Same as T-1", channel="CSUPPORT")
    support.agent.sees("is now part of T-1", channel="CSUPPORT")
    with support.database.transaction(support.workspace) as session:
        assert tickets.get(session, 2).id == 1
        assert messages.of_ticket(session, 1)[1].perhaps_ticket_id is None


def test_a_question_that_somebody_has_answered_is_not_answered_twice(support: Company) -> None:
    ticket = joined(support)
    with support.database.transaction(support.workspace) as session:
        last = messages.of_ticket(session, 1)[-1]
        last.perhaps_ticket_id = None
    card = next(one for one in support.agent.messages("CSUPPORT") if "Perhaps" in str(one))
    value = str(Control(ticket.reference, ticket.version, last.ts))
    support.agent.forges("triage.apart", value, card["ts"], channel="CSUPPORT")
    support.agent.sees("That has been answered already", channel="CSUPPORT")
    assert count_tickets(support) == 1


def test_the_card_is_judged_again_with_each_message_and_says_what_changed(support: Company) -> None:
    support.agent.clicks("Take", channel="CSUPPORT")
    support.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    with support.database.transaction(support.workspace) as session:
        tickets.get(session, 1).priority = "normal"
        messages.of_ticket(session, 1)[0].urgency = "normal"
    support.customer.posts("URGENT the login page is still down for everyone, nobody can work", channel="CSHARED")
    support.agent.sees("now: urgent", channel="CSUPPORT")
    assert ticket_of(support).priority == "urgent"
    support.agent.selects("Priority", "low", channel="CSUPPORT")
    until(lambda: ticket_of(support).priority == "low")
    support.customer.posts("still down on the login page, urgent!!! please cancel our subscription", channel="CSHARED")
    support.agent.sees("wants to cancel", channel="CSUPPORT")
    assert ticket_of(support).priority == "low"
