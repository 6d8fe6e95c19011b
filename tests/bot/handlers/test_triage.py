"""Customers' messages as support meets them: on a classified card, handled where it stands."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select

from bot.handlers.triage.card.drawing import card, draw
from bot.kit.format import reader
from sandbox.control.client import Person
from storage.crm.contacts import Contact
from storage.queues.outbox import Delivery
from storage.support import labels, messages, tickets
from storage.support.messages import IncomingMessage
from storage.workspace import workspaces
from tests.support.company import Company
from tests.support.support_desk import BROKEN, THANKS, count_tickets, ticket_of
from tests.support.waiting import until


def test_a_customers_message_becomes_a_card_with_the_reasons(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    card = linked.agent.sees("T-1", channel="CSUPPORT")
    assert all(part in card for part in ("Globex", "gold", "#ext-globex", BROKEN, "likely", "because of", "nobody yet"))
    assert all(button in card for button in ("Take", "Category", "Not a request", "Resolve"))
    assert len(linked.customer.messages("CSHARED")) == 1
    with linked.database.transaction(linked.workspace) as session:
        ticket = tickets.get(session, 1)
        assert (ticket.customer_id, ticket.requester_id, ticket.status) == (1, "UBCARLA", "new")
        (message,) = messages.of_ticket(session, 1)
        assert (message.text, message.author_name) == (BROKEN, "Carla Customer")
        assert message.model_version
        assert session.scalars(select(Contact.name)).all() == ["Carla Customer"]


def test_an_agent_takes_and_resolves_it_on_the_card(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.clicks("Take", channel="CSUPPORT")
    linked.agent.sees("With: @Anton Agent", channel="CSUPPORT")
    linked.agent.clicks("Resolve", channel="CSUPPORT")
    linked.agent.sees("Status: resolved", channel="CSUPPORT")
    assert ticket_of(linked).resolved_at is not None
    linked.agent.clicks("Reopen", channel="CSUPPORT")
    linked.agent.sees("Status: open", channel="CSUPPORT")
    assert len(linked.customer.messages("CSHARED")) == 1


def test_who_resolves_what_is_nobodys_has_taken_it(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.clicks("Resolve", channel="CSUPPORT")
    linked.agent.sees("Status: resolved", channel="CSUPPORT")
    assert ticket_of(linked).assignee_id == "UAAGENT"


def test_a_correction_is_a_label_and_is_taken_back_with_undo(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("because of", channel="CSUPPORT")
    before = ticket_of(linked).category
    linked.agent.selects("Category", "Billing and payment", channel="CSUPPORT")
    linked.agent.sees("Billing and payment set by @Anton Agent", channel="CSUPPORT")
    with linked.database.transaction(linked.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        (label,) = labels.of_message(session, message)
        assert (label.new_category, label.old_category, label.actor_id) == ("billing", before, "UAAGENT")
        assert list(labels.examples(session)) == [(BROKEN, "billing")]
    linked.agent.types("/crm undo", channel="CGENERAL")
    linked.agent.sees("because of", channel="CSUPPORT")
    assert ticket_of(linked).category == before
    with linked.database.transaction(linked.workspace) as session:
        assert list(labels.examples(session)) == []


def test_what_is_no_request_leaves_the_figures_and_teaches(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.clicks("Not a request", channel="CSUPPORT")
    linked.agent.sees("Status: not a request", channel="CSUPPORT")
    ticket = ticket_of(linked)
    assert (ticket.is_request, ticket.status) == (False, "closed")
    with linked.database.transaction(linked.workspace) as session:
        assert list(labels.examples(session)) == [(BROKEN, "chatter")]
    linked.agent.clicks("Reopen", channel="CSUPPORT")
    linked.agent.sees("Status: open", channel="CSUPPORT")
    assert ticket_of(linked).category == "bug"
    with linked.database.transaction(linked.workspace) as session:
        assert list(labels.examples(session)) == []
    linked.agent.clicks("Not a request", channel="CSUPPORT")
    linked.agent.sees("Status: not a request", channel="CSUPPORT")
    linked.agent.types("/crm undo", channel="CGENERAL")
    linked.agent.sees("Status: open", channel="CSUPPORT")


def test_who_asks_in_the_thread_of_what_was_dismissed_is_heard(linked: Company) -> None:
    first = linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.clicks("Not a request", channel="CSUPPORT")
    linked.agent.sees("Status: not a request", channel="CSUPPORT")
    linked.customer.posts(THANKS, channel="CSHARED", thread=first.ts)
    linked.settles()
    assert not ticket_of(linked).is_request
    linked.customer.posts("I want a refund for the last invoice", channel="CSHARED", thread=first.ts)
    linked.agent.sees("Status: open", channel="CSUPPORT")
    linked.agent.sees("Refund and return asked later; ", channel="CSUPPORT")
    ticket = ticket_of(linked)
    assert (ticket.is_request, ticket.category, ticket.resolved_at) == (True, "refund", None)
    with linked.database.transaction(linked.workspace) as session:
        assert list(labels.examples(session)) == [(BROKEN, "chatter")]


def test_a_card_follows_what_commands_do(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.rep.types("/ticket status T-1 waiting", channel="CGENERAL")
    linked.agent.sees("Status: waiting", channel="CSUPPORT")
    linked.rep.types("/crm undo", channel="CGENERAL")
    linked.agent.sees("Status: new", channel="CSUPPORT")


def test_a_stale_card_names_who_was_quicker(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.sandbox.control.fault("rate_limit", method="chat.update", count=100, retry_after=1)
    linked.rep.types("/ticket assign T-1 me", channel="CGENERAL")
    for button in ("Take", "Resolve", "Not a request"):
        linked.agent.clicks(button, channel="CSUPPORT")
        linked.agent.sees("Nothing was done: Rita Rep has changed T-1 meanwhile", channel="CSUPPORT")
    linked.agent.selects("Category", "Billing and payment", channel="CSUPPORT")
    assert (ticket_of(linked).assignee_id, ticket_of(linked).status) == ("UAREP", "open")
    linked.sandbox.control.clear_faults()


def test_replies_in_the_thread_join_the_ticket(linked: Company) -> None:
    first = linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.agent.types("/ticket status T-1 waiting", channel="CGENERAL")
    linked.customer.posts("It also happens on my phone", channel="CSHARED", thread=first.ts)
    linked.agent.sees("wrote again: It also happens on my phone", channel="CSUPPORT")
    linked.agent.sees("Status: open", channel="CSUPPORT")
    linked.customer.posts("Hello?", channel="CSHARED", thread=first.ts)
    linked.agent.sees("wrote again: Hello?", channel="CSUPPORT")
    assert count_tickets(linked) == 1
    assert len(linked.agent.messages("CSUPPORT")) == 1


def test_an_answer_of_ours_in_the_thread_is_the_first_response(linked: Company) -> None:
    first = linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.agent.posts("Looking into it", channel="CSHARED", thread=first.ts)
    linked.agent.sees("Answered after", channel="CSUPPORT")
    answered = ticket_of(linked)
    assert answered.first_response_at is not None
    assert answered.status == "open"
    linked.rep.posts("Me too", channel="CSHARED", thread=first.ts)
    linked.settles()
    assert ticket_of(linked).first_response_at == answered.first_response_at
    with linked.database.transaction(linked.workspace) as session:
        assert len(messages.of_ticket(session, 1)) == 1


def test_whose_messages_count_in_a_linked_channel(linked: Company) -> None:
    linked.rep.posts(BROKEN, channel="CSHARED")
    linked.settles()
    assert count_tickets(linked) == 0
    linked.admin.invites("guest", channel="CSHARED")
    linked.guest.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    assert ticket_of(linked).requester_id == "UAGUEST"


def test_everybodys_messages_count_in_an_inbox(linked: Company, manager: Person) -> None:
    assert "is now an inbox" in manager.types("/crm inbox #general", channel="CSUPPORT").text
    first = linked.rep.posts(BROKEN, channel="CGENERAL")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.rep.posts("And it is urgent", channel="CGENERAL", thread=first.ts)
    linked.agent.sees("wrote again: And it is urgent", channel="CSUPPORT")
    linked.agent.posts("On it", channel="CGENERAL", thread=first.ts)
    linked.agent.sees("Answered after", channel="CSUPPORT")
    assert ticket_of(linked).requester_id == "UAREP"


def test_chatter_opens_nothing_but_is_kept(linked: Company) -> None:
    linked.customer.posts(THANKS, channel="CSHARED")
    linked.settles()
    assert count_tickets(linked) == 0
    with linked.database.transaction(linked.workspace) as session:
        (message,) = session.scalars(select(IncomingMessage)).all()
        assert (message.text, message.category, message.ticket_id) == (THANKS, "chatter", None)


def test_edits_and_deletions_are_followed_and_joins_left_alone(linked: Company) -> None:
    sent = linked.customer.posts(BROKEN, channel="CSHARED")
    linked.customer.edits(sent.ts, "All is broken, the app too", channel="CSHARED")
    linked.agent.sees("All is broken, the app too", channel="CSUPPORT")
    linked.admin.invites("guest", channel="CSHARED")
    linked.customer.deletes(sent.ts, channel="CSHARED")
    linked.agent.sees("not a request", channel="CSUPPORT")
    assert count_tickets(linked) == 1
    with linked.database.transaction(linked.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        assert (message.text, message.deleted_at is not None) == ("All is broken, the app too", True)


def test_channels_of_nobody_are_not_read(linked: Company) -> None:
    linked.guest.posts(BROKEN, channel="CSUPPORT")
    linked.rep.posts(BROKEN, channel="CGENERAL")
    linked.settles()
    assert count_tickets(linked) == 0


def test_unlinking_stops_tickets_and_undo_links_again(linked: Company, manager: Person) -> None:
    assert "Rapport ignores messages in" in manager.types("/crm unlink #ext-globex", channel="CGENERAL").text
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.settles()
    assert count_tickets(linked) == 0
    assert "neither linked nor an inbox" in manager.types("/crm unlink #ext-globex", channel="CGENERAL").text
    manager.types("/crm undo", channel="CGENERAL")
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")


def test_a_private_channel_asks_for_an_invitation(linked: Company) -> None:
    refused = linked.rep.types("/customer link globex", channel="CPRIVATE").text
    assert "I am not in that channel yet." in refused
    assert "/invite @Rapport" in refused
    linked.rep.invites("U0BOTA", channel="CPRIVATE")
    assert "now belongs to Globex" in linked.rep.types("/customer link globex", channel="CPRIVATE").text.replace(
        "*", ""
    )


def test_a_public_channel_is_joined(linked: Company, manager: Person) -> None:
    channel = linked.sandbox.core.world.workspace.channels["CGENERAL"]
    channel.members.remove("U0BOTA")
    manager.types("/crm inbox #general", channel="CSUPPORT")
    assert "U0BOTA" in channel.members


def test_linking_says_whose_the_channel_was(linked: Company) -> None:
    linked.rep.types("/customer add Initech", channel="CGENERAL")
    text = linked.rep.types("/customer link initech channel:#ext-globex", channel="CGENERAL").text.replace("*", "")
    assert "now belongs to Initech" in text
    assert "Until now it belonged to Globex" in text
    assert "Support sees them in #support" in text


def test_cards_go_where_no_customer_reads(company: Company, manager: Person) -> None:
    assert "shared with another organisation" in manager.types("/crm triage #ext-globex", channel="CGENERAL").text
    manager.types("/crm inbox #general", channel="CGENERAL")
    assert "so cards cannot go there" in manager.types("/crm triage #general", channel="CGENERAL").text
    manager.types("/crm triage #support", channel="CGENERAL")
    assert "cards go to that channel" in manager.types("/crm inbox #support", channel="CGENERAL").text
    company.rep.types("/customer add Globex", channel="CGENERAL")
    assert "cards go to that channel" in company.rep.types("/customer link globex", channel="CSUPPORT").text
    assert "No cards are shown in #support" in manager.types("/crm unlink", channel="CSUPPORT").text
    assert "Nobody gets alerts yet" in manager.types("/crm inbox #general", channel="CGENERAL").text
    manager.types("/crm route add category:billing channel:#support", channel="CGENERAL")
    assert "cards go to that channel" in manager.types("/crm inbox #support", channel="CGENERAL").text


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
    until(lambda: company.agent.texts("CSUPPORT") == [])


def test_whom_slack_tells_us_nothing_about_is_a_customer(linked: Company) -> None:
    linked.sandbox.control.fault("error", method="users.info", code="user_not_visible", count=None)
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    assert (ticket_of(linked).requester_id, ticket_of(linked).customer_id) == ("UBCARLA", 1)


def test_files_are_named_on_the_card(linked: Company) -> None:
    with linked.database.transaction(linked.workspace) as session:
        message = messages.receive(
            session, channel_id="CSHARED", ts="1700000000.000100", text="<b> & *x*\n[log.txt]", author_id="UBCARLA"
        )
        assert message is not None
        ticket, _opened = tickets.open_from_message(session, message)
        shown = str([block.to_dict() for block in draw(session, ticket, [message], "en-US").blocks])
    assert "&lt;b&gt; &amp; *x*" in shown
    assert "[log.txt]" in shown
    assert "Not sure" in shown


def test_a_card_whose_ticket_is_gone_is_not_drawn(linked: Company) -> None:
    with linked.database.transaction(linked.workspace) as session:
        workspace = workspaces.get(session, linked.workspace)
        assert workspace is not None
        assert (
            card(Delivery(record="T-99"), session, None, reader(None, workspace, datetime.now(UTC)), workspace, None)
            is None
        )


def test_thanks_in_the_thread_of_a_resolved_ticket_leaves_it_resolved(linked: Company) -> None:
    asked = linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.clicks("Resolve", channel="CSUPPORT")
    linked.agent.sees("Status: resolved", channel="CSUPPORT")
    linked.customer.posts(THANKS, channel="CSHARED", thread=asked.ts)
    linked.settles()
    assert ticket_of(linked).status == "resolved"
    linked.customer.posts("It is broken again, the export fails", channel="CSHARED", thread=asked.ts)
    linked.agent.sees("Status: open", channel="CSUPPORT")


def test_grouping_alone_shows_how_messages_are_grouped(linked: Company, manager: Person) -> None:
    shown = manager.types("/crm grouping", channel="CGENERAL").text
    assert "matter*, what one person writes about one matter" in shown
    assert "soon is not a number of minutes" in manager.types("/crm grouping #ext-globex minutes:soon").text
    assert "each message outside a thread" in manager.types("/crm grouping #ext-globex by:thread").text
    assert "each message outside a thread" in manager.types("/crm grouping #ext-globex").text
    assert (
        "window*, messages of one person within 1 minute of"
        in manager.types("/crm grouping #ext-globex minutes:1").text
    )
    assert "neither linked nor an inbox" in manager.types("/crm grouping #support").text


def test_who_is_mentioned_is_named_also_if_rapport_never_met_them(linked: Company) -> None:
    linked.customer.posts("Hi <@UAGUEST>, the export is broken since <@UBCARLA> left", channel="CSHARED", raw=True)
    linked.agent.sees("Hi @", channel="CSUPPORT")
    with linked.database.transaction(linked.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
    assert message.text == "Hi @Gustav Guest, the export is broken since @Carla Customer left"


def test_a_request_of_sales_becomes_a_deal_of_its_customer(linked: Company) -> None:
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("T-1", channel="CSUPPORT")
    linked.agent.does_not_see("Create deal", channel="CSUPPORT")
    linked.agent.selects("Category", "Sales", channel="CSUPPORT")
    linked.agent.sees("Create deal", channel="CSUPPORT")
    linked.agent.clicks("Create deal", channel="CSUPPORT")
    linked.agent.submits(Name="Ten more seats")
    linked.settles()
    shown = linked.agent.types("/deal show D-1", channel="CGENERAL").text
    assert "Ten more seats" in shown
    assert "Globex" in shown
