"""The card as support lives with it: what it says at a glance, and what its buttons and menus do."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from bot.handlers.triage.card.drawing import draw
from bot.kit import blocks as b
from sandbox.blocks_check import message_problems
from storage.queues.due import Due
from storage.support import labels, messages, tickets
from storage.support.labels import LabelSource
from storage.support.messages import IncomingMessage
from storage.support.sla import SlaClock
from storage.support.tickets import Ticket
from tests.support.company import Company
from tests.support.support_desk import BROKEN, count_tickets, ticket_of
from tests.support.waiting import until

URL = "https://acme.slack.com/"


def sources(company: Company) -> list[tuple[str, str]]:
    with company.database.transaction(company.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        return [(label.new_category, label.source) for label in labels.of_message(session, message)]


def unsure(company: Company) -> None:
    with company.database.transaction(company.workspace) as session:
        (message,) = messages.of_ticket(session, 1)
        message.abstained, message.category, message.second = True, "bug", "account"
        tickets.set_priority(session, tickets.get(session, 1), "low")
    company.rep.types("/ticket assign T-1 me", channel="CGENERAL")
    company.agent.sees("Not sure.", channel="CSUPPORT")


def test_a_guess_is_confirmed_with_one_click(support: Company) -> None:
    unsure(support)
    support.agent.clicks("Account access", channel="CSUPPORT")
    support.agent.sees("Account access confirmed by @Anton Agent", channel="CSUPPORT")
    assert sources(support) == [("account", LabelSource.CONFIRMED)]
    assert ticket_of(support).category == "account"
    support.agent.selects("Category", "How-to", channel="CSUPPORT")
    support.agent.sees("How-to set by @Anton Agent", channel="CSUPPORT")
    assert sources(support)[1:] == [("howto", LabelSource.CORRECTED)]


def test_choosing_what_the_model_said_confirms_it_and_dismissing_says_so(support: Company) -> None:
    support.agent.selects("Category", "Bug or outage", channel="CSUPPORT")
    support.agent.sees("Bug or outage confirmed by @Anton Agent", channel="CSUPPORT")
    support.agent.clicks("Not a request", channel="CSUPPORT")
    support.agent.sees("Status: not a request", channel="CSUPPORT")
    assert sources(support) == [("bug", LabelSource.CONFIRMED), ("chatter", LabelSource.DISMISSED)]


def test_ones_own_last_click_makes_no_button_stale(support: Company) -> None:
    support.sandbox.control.fault("rate_limit", method="chat.update", count=100, retry_after=1)
    support.agent.clicks("Take", channel="CSUPPORT")
    until(lambda: ticket_of(support).assignee_id == "UAAGENT")
    support.agent.selects("Priority", "urgent", channel="CSUPPORT")
    until(lambda: ticket_of(support).priority == "urgent")
    support.agent.clicks("Resolve", channel="CSUPPORT")
    until(lambda: ticket_of(support).status == "resolved")
    support.rep.clicks("Take", channel="CSUPPORT")
    support.rep.sees("Nothing was done: Anton Agent has changed T-1 meanwhile", channel="CSUPPORT")
    support.sandbox.control.clear_faults()


def test_a_ticket_is_given_and_its_story_told_behind_the_dots(support: Company) -> None:
    support.agent.clicks("Assign", channel="CSUPPORT")
    support.agent.submits({"Assign to": "UAREP"})
    support.agent.sees("With: @Rita Rep", channel="CSUPPORT")
    support.agent.clicks("Assign", channel="CSUPPORT")
    assert "not on your team" in support.agent.submits({"Assign to": "UAGUEST"}).errors["person"]
    support.agent.closes(all=True)
    support.agent.clicks("History", channel="CSUPPORT")
    support.agent.sees("– → @Rita Rep")
    support.agent.closes(all=True)
    support.agent.clicks("Assign", channel="CSUPPORT")
    support.agent.sees("Assign to")
    support.rep.types("/ticket status T-1 waiting", channel="CGENERAL")
    support.agent.submits({"Assign to": "UAAGENT"})
    support.agent.sees("Nothing was done: Rita Rep has changed T-1 meanwhile")


def test_tickets_are_merged_and_split_behind_the_dots(support: Company) -> None:
    support.agent.types("/ticket add The same again", channel="CGENERAL")
    support.customer.posts("And where do I find my invoices?", channel="CSHARED")
    support.agent.sees("wrote again: And where do I find my invoices?", channel="CSUPPORT")
    support.agent.clicks("Merge or split", channel="CSUPPORT")
    assert "Choose a ticket" in support.agent.submits().errors["into"]
    support.agent.submits({"Split off as tickets of their own": ["And where do I find my invoices?"]})
    support.agent.sees("Split off from T-1: T-3.")
    support.agent.sees("T-3", channel="CSUPPORT")
    support.agent.clicks("Merge or split", channel="CSUPPORT", message=BROKEN)
    offered = support.agent.types_option("Merge into", "The same").options
    assert offered == ["T-2 The same again"]
    support.agent.selects("Merge into", "T-2 The same again")
    support.agent.submits()
    support.agent.sees("T-1 is now part of T-2.")


def test_a_card_says_that_a_promise_is_late_when_its_time_has_come(linked: Company) -> None:
    linked.manager.types("/crm sla set answer:1h", channel="CGENERAL")
    linked.customer.posts(BROKEN, channel="CSHARED")
    linked.agent.sees("⏳ First answer promised by", channel="CSUPPORT")
    linked.runs_job("sla.recount")  # which the new promise asked for, and would set the clock again
    with linked.database.transaction(linked.workspace) as session:
        planned = {(row.subject, row.at) for row in session.scalars(select(Due).where(Due.kind == "job:sla.late"))}
        clock = session.scalars(select(SlaClock)).one()
        assert planned == {("T-1/first_response", clock.due_at)}
        clock.due_at = datetime.now(UTC) - timedelta(seconds=5)
    linked.runs_job("sla.late")
    linked.agent.sees("🚨 First answer was promised by", channel="CSUPPORT")
    linked.agent.does_not_see("⏳ First answer promised by", channel="CSUPPORT")


def test_behind_the_dots_it_is_asked_before_tickets_of_two_customers_are_merged(support: Company) -> None:
    support.agent.types("/customer add Initech", channel="CGENERAL")
    support.agent.types("/ticket add Another matter customer:initech", channel="CGENERAL")
    support.agent.clicks("Merge or split", channel="CSUPPORT")
    support.agent.types_option("Merge into", "Another")
    support.agent.selects("Merge into", "T-2 Another matter")
    support.agent.submits()
    support.agent.sees("T-2 is of Initech. Nothing is merged yet.")
    assert count_tickets(support) == 2
    support.agent.submits()
    support.agent.sees("T-1 is now part of T-2.")


def written(session: Session, text: str, **known: object) -> tuple[Ticket, list[IncomingMessage]]:
    message = messages.receive(
        session, channel_id="C0ACME", ts="1700000000.000100", text=text, author_id="UX", author_name="Carla & <b>"
    )
    assert message is not None
    messages.classified(
        session, message, category="bug", confidence=0.84, reasons=["<!here>"], model_version="v1", abstained=False
    )
    for name, value in known.items():
        setattr(message, name, value)
    ticket, _opened = tickets.open_from_message(session, message)
    return ticket, [message]


def shown(session: Session, text: str = BROKEN, **known: object) -> str:
    ticket, found = written(session, text, **known)
    message = draw(session, ticket, found, "en-US", url=URL)
    rendered = b.render(message.blocks)
    assert message_problems(rendered) == ("", [])
    return str(rendered)


def test_what_strikes_is_seen_at_a_glance(session: Session) -> None:
    card = shown(session, urgency="urgent", sentiment="negative", wants_to_cancel=True, promised=0.84)
    assert all(mark in card for mark in ("🔥 urgent", "🙁 unhappy", "🚪 *wants to cancel*", "▰▰▰▰▱ 84%"))
    assert "<https://acme.slack.com/archives/C0ACME/p1700000000000100|Open message>" in card


def test_a_card_says_likely_and_no_number_where_none_was_kept_yet(session: Session) -> None:
    card = shown(session, promised=None)
    assert "likely" in card
    assert "%" not in card and "▰" not in card


def test_a_plain_message_carries_no_marks(session: Session) -> None:
    card = shown(session, urgency="normal", sentiment="neutral", wants_to_cancel=False)
    assert not any(mark in card for mark in "🔥🙁🙂🚪✏")


def test_an_edit_is_said_and_what_was_deleted_is_not_repeated(session: Session) -> None:
    assert "edited by its author" in shown(session, edited_at=datetime.now(UTC))


def test_what_was_deleted_is_not_repeated(session: Session) -> None:
    ticket, found = written(session, BROKEN)
    found[0].deleted_at = datetime.now(UTC)
    card = str(b.render(draw(session, ticket, found, "en-US", url=URL).blocks))
    assert "This message was deleted by its author." in card
    assert BROKEN not in card


def test_a_card_that_is_done_says_that_its_message_was_deleted(session: Session) -> None:
    ticket, found = written(session, BROKEN)
    tickets.set_status(session, ticket, "resolved")
    assert "deleted by its author" not in str(b.render(draw(session, ticket, found, "en-US").blocks))
    found[0].deleted_at = datetime.now(UTC)
    assert "message deleted by its author" in str(b.render(draw(session, ticket, found, "en-US").blocks))


def test_a_title_of_its_own_is_shown_and_a_messages_words_once(session: Session) -> None:
    ticket, found = written(session, BROKEN)
    assert str(b.render(draw(session, ticket, found, "en-US").blocks)).count(BROKEN) == 1
    ticket.name = "Export broken since Monday"
    assert "*Export broken since Monday*" in str(b.render(draw(session, ticket, found, "en-US").blocks))


def test_what_a_person_said_before_is_known_and_not_guessed(session: Session) -> None:
    card = shown(session, model_version="v1+memory", reasons=[], confidence=1.0)
    assert "set by somebody for a message like this before" in card
    assert "%" not in card


@pytest.mark.parametrize("text", ["<!channel> & <@U1> *x*\n>y", "\u202e<https://e.example|pay>", "&" * 40_000, " \n "])
def test_no_text_is_more_than_text(session: Session, text: str) -> None:
    card = shown(session, text)
    assert not any(sequence in card for sequence in ("<!channel>", "<@U1>", "<!here>", "<https://e.example"))
    assert "Resolve" in card


def test_a_card_of_many_messages_names_the_last(session: Session) -> None:
    ticket, found = written(session, BROKEN)
    later = [IncomingMessage(text=f"Message {n}", author_name="Carla", channel_id="C", ts="2.1") for n in range(99)]
    card = str(b.render(draw(session, ticket, [*found, *later], "en-US").blocks))
    assert "99+ more messages" in card
    assert "wrote again: Message 98" in card
    assert "Open message" not in card


def test_a_card_shows_what_says_most_of_many_messages(session: Session) -> None:
    ticket, found = written(session, BROKEN)
    said = ("Printer too", "bug"), ("We leave", "sales"), ("Fine", "chatter"), ("?", None), ("asdf", None)
    later = [
        IncomingMessage(text=text, category=category, wants_to_cancel=text == "We leave", author_name="Carla")
        for text, category in said
    ]
    card = str(b.render(draw(session, ticket, [*found, *later], "en-US").blocks))
    assert [text for text, _category in said if f"wrote again: {text}" in card] == ["Printer too", "We leave", "asdf"]
