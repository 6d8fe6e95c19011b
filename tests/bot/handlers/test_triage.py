"""Customers' messages as support meets them: on a classified card, handled where it stands."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from bot.handlers.triage.card.drawing import card, draw
from sandbox.control.client import Person
from storage.crm.contacts import Contact
from storage.queues.outbox import Delivery
from storage.support import labels, messages, tickets
from storage.support.tickets import Ticket
from storage.workspace import workspaces
from tests.bot.conftest import Company, becomes

BROKEN = "The login page shows an error 500 since this morning and nobody can sign in, it is broken"
THANKS = "Thank you very much, have a nice weekend!"


@pytest.fixture
def support(company: Company, manager: Person) -> Company:
    """Link the shared channel to Globex and show the cards in #support."""
    company.rep.types("/customer add Globex tier:gold", channel="CGENERAL")
    company.rep.types("/customer link globex channel:#ext-globex", channel="CGENERAL")
    manager.types("/crm triage #support", channel="CGENERAL")
    return company


def ticket_of(company: Company, number: int = 1) -> Ticket:
    with company.database.transaction(company.workspace) as session:
        return tickets.get(session, number)


def count(company: Company) -> int:
    with company.database.transaction(company.workspace) as session:
        return len(session.scalars(select(Ticket)).all())


def test_a_customers_message_becomes_a_card_with_the_reasons(support: Company) -> None:
    support.customer.posts(BROKEN, channel="CSHARED")
    card = support.agent.sees("T-1", channel="CSUPPORT")
    assert all(part in card for part in ("Globex", "gold", "#ext-globex", BROKEN, "%", "because of", "nobody yet"))
    assert all(button in card for button in ("Take", "Category", "Not a request", "Resolve"))
    assert len(support.customer.messages("CSHARED")) == 1
    with support.database.transaction(support.workspace) as session:
        ticket = tickets.get(session, 1)
        assert (ticket.customer_id, ticket.requester_id, ticket.status) == (1, "UBCARLA", "new")
        (message,) = messages.of_ticket(session, 1)
        assert (message.text, message.author_name) == (BROKEN, "Carla Customer")
        assert message.model_version
        assert session.scalars(select(Contact.name)).all() == ["Carla Customer"]


def test_an_agent_takes_and_resolves_it_on_the_card(support: Company) -> None:
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.clicks("Take", channel="CSUPPORT")
    support.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    support.agent.clicks("Resolve", channel="CSUPPORT")
    support.agent.sees("Status: resolved", channel="CSUPPORT")
    assert ticket_of(support).resolved_at is not None
    support.agent.clicks("Reopen", channel="CSUPPORT")
    support.agent.sees("Status: open", channel="CSUPPORT")
    assert len(support.customer.messages("CSHARED")) == 1


def test_who_resolves_what_is_nobodys_has_taken_it(support: Company) -> None:
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.clicks("Resolve", channel="CSUPPORT")
    support.agent.sees("Status: resolved", channel="CSUPPORT")
    assert ticket_of(support).assignee_id == "UAAGENT"


def test_a_correction_is_a_label_and_is_taken_back_with_undo(support: Company) -> None:
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("because of", channel="CSUPPORT")
    before = ticket_of(support).category
    support.agent.selects("Category", "Billing and payment", channel="CSUPPORT")
    support.agent.sees("Billing and payment said @Anton Agent", channel="CSUPPORT")
    with support.database.transaction(support.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        (label,) = labels.of_message(session, message)
        assert (label.new_category, label.old_category, label.actor_id) == ("billing", before, "UAAGENT")
        assert list(labels.examples(session)) == [(BROKEN, "billing")]
    support.agent.types("/crm undo", channel="CGENERAL")
    support.agent.sees("because of", channel="CSUPPORT")
    assert ticket_of(support).category == before
    with support.database.transaction(support.workspace) as session:
        assert list(labels.examples(session)) == []


def test_what_is_no_request_leaves_the_figures_and_teaches(support: Company) -> None:
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.clicks("Not a request", channel="CSUPPORT")
    support.agent.sees("Status: not a request", channel="CSUPPORT")
    ticket = ticket_of(support)
    assert (ticket.is_request, ticket.status) == (False, "closed")
    with support.database.transaction(support.workspace) as session:
        assert list(labels.examples(session)) == [(BROKEN, "chatter")]
    support.agent.clicks("Reopen", channel="CSUPPORT")
    support.agent.sees("Status: open", channel="CSUPPORT")
    assert ticket_of(support).category == "bug"
    with support.database.transaction(support.workspace) as session:
        assert list(labels.examples(session)) == []
    support.agent.clicks("Not a request", channel="CSUPPORT")
    support.agent.sees("Status: not a request", channel="CSUPPORT")
    support.agent.types("/crm undo", channel="CGENERAL")
    support.agent.sees("Status: open", channel="CSUPPORT")


def test_who_asks_in_the_thread_of_what_was_dismissed_is_heard(support: Company) -> None:
    first = support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.clicks("Not a request", channel="CSUPPORT")
    support.agent.sees("Status: not a request", channel="CSUPPORT")
    support.customer.posts(THANKS, channel="CSHARED", thread=first.ts)
    support.settles()
    assert not ticket_of(support).is_request
    support.customer.posts("I want a refund for the last invoice", channel="CSHARED", thread=first.ts)
    support.agent.sees("Status: open", channel="CSUPPORT")
    support.agent.sees("Refund and return asked later; that the first message was no request", channel="CSUPPORT")
    ticket = ticket_of(support)
    assert (ticket.is_request, ticket.category, ticket.resolved_at) == (True, "refund", None)
    with support.database.transaction(support.workspace) as session:
        assert list(labels.examples(session)) == [(BROKEN, "chatter")]


def test_a_card_follows_what_commands_do(support: Company) -> None:
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.rep.types("/ticket status T-1 waiting", channel="CGENERAL")
    support.agent.sees("Status: waiting", channel="CSUPPORT")
    support.rep.types("/crm undo", channel="CGENERAL")
    support.agent.sees("Status: new", channel="CSUPPORT")


def test_a_stale_card_names_who_was_quicker(support: Company) -> None:
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.sandbox.control.fault("rate_limit", method="chat.update", count=100, retry_after=1)
    support.rep.types("/ticket assign T-1 me", channel="CGENERAL")
    for button in ("Take", "Resolve", "Not a request"):
        support.agent.clicks(button, channel="CSUPPORT")
        support.agent.sees("Nothing was done: Rita Rep has changed T-1 meanwhile", channel="CSUPPORT")
    support.agent.selects("Category", "Billing and payment", channel="CSUPPORT")
    assert (ticket_of(support).assignee_id, ticket_of(support).status) == ("UAREP", "open")
    support.sandbox.control.clear_faults()


def test_replies_in_the_thread_join_the_ticket(support: Company) -> None:
    first = support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.agent.types("/ticket status T-1 waiting", channel="CGENERAL")
    support.customer.posts("It also happens on my phone", channel="CSHARED", thread=first.ts)
    support.agent.sees("wrote again: It also happens on my phone", channel="CSUPPORT")
    support.agent.sees("Status: open", channel="CSUPPORT")
    support.customer.posts("Hello?", channel="CSHARED", thread=first.ts)
    support.agent.sees("2 more messages in the thread", channel="CSUPPORT")
    assert count(support) == 1
    assert len(support.agent.messages("CSUPPORT")) == 1


def test_an_answer_of_ours_in_the_thread_is_the_first_response(support: Company) -> None:
    first = support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.agent.posts("Looking into it", channel="CSHARED", thread=first.ts)
    support.agent.sees("Answered after", channel="CSUPPORT")
    answered = ticket_of(support)
    assert answered.first_response_at is not None
    assert answered.status == "open"
    support.rep.posts("Me too", channel="CSHARED", thread=first.ts)
    support.settles()
    assert ticket_of(support).first_response_at == answered.first_response_at
    with support.database.transaction(support.workspace) as session:
        assert len(messages.of_ticket(session, 1)) == 1


def test_whose_messages_count_in_a_linked_channel(support: Company) -> None:
    support.rep.posts(BROKEN, channel="CSHARED")
    support.settles()
    assert count(support) == 0
    support.admin.invites("guest", channel="CSHARED")
    support.guest.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    assert ticket_of(support).requester_id == "UAGUEST"


def test_everybodys_messages_count_in_an_inbox(support: Company, manager: Person) -> None:
    assert "is an inbox now" in manager.types("/crm inbox #general", channel="CSUPPORT").text
    first = support.rep.posts(BROKEN, channel="CGENERAL")
    support.agent.sees("T-1", channel="CSUPPORT")
    support.rep.posts("And it is urgent", channel="CGENERAL", thread=first.ts)
    support.agent.sees("wrote again: And it is urgent", channel="CSUPPORT")
    support.agent.posts("On it", channel="CGENERAL", thread=first.ts)
    support.agent.sees("Answered after", channel="CSUPPORT")
    assert ticket_of(support).requester_id == "UAREP"


def test_chatter_opens_nothing_but_is_kept(support: Company) -> None:
    support.customer.posts(THANKS, channel="CSHARED")
    support.settles()
    assert count(support) == 0
    with support.database.transaction(support.workspace) as session:
        (message,) = messages.of_customer(session, 1)
        assert (message.text, message.category, message.ticket_id) == (THANKS, "chatter", None)


def test_edits_and_deletions_are_followed_and_joins_left_alone(support: Company) -> None:
    sent = support.customer.posts(BROKEN, channel="CSHARED")
    support.customer.edits(sent.ts, "All is broken, the app too", channel="CSHARED")
    support.agent.sees("All is broken, the app too", channel="CSUPPORT")
    support.admin.invites("guest", channel="CSHARED")
    support.customer.deletes(sent.ts, channel="CSHARED")
    support.agent.sees("not a request", channel="CSUPPORT")
    assert count(support) == 1
    with support.database.transaction(support.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        assert (message.text, message.deleted_at is not None) == ("All is broken, the app too", True)


def test_channels_of_nobody_are_not_read(support: Company) -> None:
    support.guest.posts(BROKEN, channel="CSUPPORT")
    support.rep.posts(BROKEN, channel="CGENERAL")
    support.settles()
    assert count(support) == 0


def test_unlinking_stops_tickets_and_undo_links_again(support: Company, manager: Person) -> None:
    assert "are left alone from now on" in manager.types("/crm unlink #ext-globex", channel="CGENERAL").text
    support.customer.posts(BROKEN, channel="CSHARED")
    support.settles()
    assert count(support) == 0
    assert "neither linked nor an inbox" in manager.types("/crm unlink #ext-globex", channel="CGENERAL").text
    manager.types("/crm undo", channel="CGENERAL")
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")


def test_a_private_channel_asks_for_an_invitation(support: Company) -> None:
    refused = support.rep.types("/customer link globex", channel="CPRIVATE").text
    assert "I am not in that channel yet." in refused
    assert "/invite @Rapport" in refused
    support.rep.invites("U0BOTA", channel="CPRIVATE")
    assert "now belongs to Globex" in support.rep.types("/customer link globex", channel="CPRIVATE").text.replace(
        "*", ""
    )


def test_a_public_channel_is_joined(support: Company, manager: Person) -> None:
    channel = support.sandbox.core.world.workspace.channels["CGENERAL"]
    channel.members.remove("U0BOTA")
    manager.types("/crm inbox #general", channel="CSUPPORT")
    assert "U0BOTA" in channel.members


def test_linking_says_whose_the_channel_was(support: Company) -> None:
    support.rep.types("/customer add Initech", channel="CGENERAL")
    text = support.rep.types("/customer link initech channel:#ext-globex", channel="CGENERAL").text.replace("*", "")
    assert "now belongs to Initech" in text
    assert "Until now it belonged to Globex" in text
    assert "Support sees them in #support" in text


def test_cards_go_where_no_customer_reads(company: Company, manager: Person) -> None:
    assert "shared with another organisation" in manager.types("/crm triage #ext-globex", channel="CGENERAL").text
    manager.types("/crm inbox #general", channel="CGENERAL")
    assert "so the cards go elsewhere" in manager.types("/crm triage #general", channel="CGENERAL").text
    manager.types("/crm triage #support", channel="CGENERAL")
    assert "support sees the cards" in manager.types("/crm inbox #support", channel="CGENERAL").text
    company.rep.types("/customer add Globex", channel="CGENERAL")
    assert "support sees the cards" in company.rep.types("/customer link globex", channel="CSUPPORT").text
    assert "No cards are shown in #support" in manager.types("/crm unlink", channel="CSUPPORT").text
    assert "Nobody is alerted yet" in manager.types("/crm inbox #general", channel="CGENERAL").text
    manager.types("/crm route add category:billing channel:#support", channel="CGENERAL")
    assert "support sees the cards" in manager.types("/crm inbox #support", channel="CGENERAL").text


def test_a_direct_message_is_no_channel_to_link(company: Company) -> None:
    company.rep.types("/customer add Globex", channel="CGENERAL")
    assert "Name a channel." in company.rep.types("/customer link globex", channel="@Rapport").text


def test_a_ticket_without_a_triage_channel_waits_for_one(company: Company, manager: Person) -> None:
    manager.types("/crm inbox #general", channel="CGENERAL")
    first = company.rep.posts(BROKEN, channel="CGENERAL")
    company.settles()
    manager.types("/crm triage #support", channel="CGENERAL")
    company.rep.posts("Still broken", channel="CGENERAL", thread=first.ts)
    company.agent.sees("wrote again: Still broken", channel="CSUPPORT")


def test_undoing_the_opening_of_a_ticket_takes_its_card_away(company: Company, manager: Person) -> None:
    manager.types("/crm inbox #general", channel="CGENERAL")
    manager.types("/crm triage #support", channel="CGENERAL")
    company.rep.posts(BROKEN, channel="CGENERAL")
    company.agent.sees("T-1", channel="CSUPPORT")
    company.rep.types("/crm undo", channel="CGENERAL")
    becomes(lambda: company.agent.texts("CSUPPORT") == [])


def test_whom_slack_tells_us_nothing_about_is_a_customer(support: Company) -> None:
    support.sandbox.control.fault("error", method="users.info", code="user_not_visible", count=None)
    support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.sees("T-1", channel="CSUPPORT")
    assert (ticket_of(support).requester_id, ticket_of(support).customer_id) == ("UBCARLA", 1)


def test_files_are_named_on_the_card(support: Company) -> None:
    with support.database.transaction(support.workspace) as session:
        message = messages.receive(
            session, channel_id="CSHARED", ts="1700000000.000100", text="<b> & *x*\n[log.txt]", author_id="UBCARLA"
        )
        assert message is not None
        ticket, _opened = tickets.open_from_message(session, message)
        shown = str([block.to_dict() for block in draw(session, ticket, [message], "en-US").blocks])
    assert "&lt;b&gt; &amp; *x*" in shown
    assert "[log.txt]" in shown
    assert "Not sure" in shown


def test_a_card_whose_ticket_is_gone_is_not_drawn(support: Company) -> None:
    with support.database.transaction(support.workspace) as session:
        workspace = workspaces.get(session, support.workspace)
        assert workspace is not None
        assert card(Delivery(record="T-99"), session, None, workspace, None) is None


def test_thanks_in_the_thread_of_a_resolved_ticket_leaves_it_resolved(support: Company) -> None:
    asked = support.customer.posts(BROKEN, channel="CSHARED")
    support.agent.clicks("Resolve", channel="CSUPPORT")
    support.agent.sees("Status: resolved", channel="CSUPPORT")
    support.customer.posts(THANKS, channel="CSHARED", thread=asked.ts)
    support.settles()
    assert ticket_of(support).status == "resolved"
    support.customer.posts("It is broken again, the export fails", channel="CSHARED", thread=asked.ts)
    support.agent.sees("Status: open", channel="CSUPPORT")
