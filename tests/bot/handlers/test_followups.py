"""Promises as people meet them: made, reminded of, put off and kept."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from sqlalchemy import delete, func, select, update

from bot.kit.format import moment, zone
from sandbox.control.client import Person
from storage.crm import followups
from storage.crm.followups import Followup
from storage.queues import due, outbox_claims
from storage.queues.due import Due
from storage.queues.outbox import Delivery, Pause
from tests.support.company import Company
from tests.support.waiting import until

DAY = timedelta(days=1)


def comes_due(company: Company, reference: str = "F-1", ago: timedelta = timedelta()) -> None:
    """Let the time of a follow-up come, and the clock tick."""
    with company.database.transaction(company.workspace) as session:
        then = func.now() - ago
        session.execute(update(Due).where(Due.subject == reference).values(at=then))
        session.execute(update(Followup).where(Followup.id == int(reference[2:])).values(due_at=then))
    company.bot.clock.materialise()


def due_at(company: Company, number: int = 1) -> datetime:
    with company.database.transaction(company.workspace) as session:
        return followups.get(session, number).due_at


def test_a_promise_is_made_listed_and_kept(rep: Person) -> None:
    rep.types("/deal add Acme renewal amount:12k")
    made = rep.types('/followup add D-1 when:"friday 9am" call back about pricing').text
    assert all(
        part in made for part in ("I will remind you Fri", "call back about pricing", "D-1 Acme renewal", "$12,000")
    )
    assert "9:00" in made
    listed = rep.types("/followup list").text
    assert "Open follow-ups owner:@Rita Rep: 1" in listed.replace("*", "")
    assert "call back about pricing" in listed
    rep.clicks("followups.done_in_list")
    rep.sees("F-1 · done")
    assert "You have no follow-ups." in rep.types("/followup list").text
    rep.types("/crm undo")
    assert "call back about pricing" in rep.types("/followup list").text


def test_a_promise_without_words_is_about_its_record(rep: Person) -> None:
    rep.types("/customer add Acme Corp")
    assert "Follow up on Acme Corp" in rep.types("/followup add acme when:tomorrow").text


def test_a_word_within_the_name_of_a_record_does_not_choose_it(company: Company) -> None:
    rep = company.rep
    rep.types("/customer add Harbor Logistics domain:harbor.example")
    rep.types("/crm contact add Carla Conti customer:harbor")
    assert "Nothing is called call. Which one do you mean?" in rep.types("/followup add call carla tomorrow 3pm").text
    rep.clicks("This one")
    rep.sees("*call carla*")
    rep.sees("P-1 Carla Conti")
    company.agent.types("/ticket add Can a person call me, please?")
    asked = rep.types("/followup add call carla tomorrow 3pm").text
    assert "T-1" in asked and "P-1" in asked
    assert "I will remind you" not in asked
    assert "Nothing is called zzz." in rep.types("/followup add zzz tomorrow").text
    assert "C-1 Harbor Logistics" in rep.types("/followup add harbor.example call them tomorrow").text
    assert "*call them*" in rep.types("/followup add harbor call them tomorrow").text


def test_the_time_is_that_of_who_writes(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.agent.types('/followup add D-1 when:"2030-01-07 09:00" call back')
    assert due_at(company).isoformat() == "2030-01-07T14:00:00+00:00"
    assert "Jan 7, 2030, 9:00" in company.agent.types("/followup list").text
    assert "call back" in company.rep.types("/followup list owner:@agent").text
    assert "No follow-ups match owner:@Rita Rep" in company.agent.types("/followup list owner:@rep").text


def test_the_reminder_comes_as_a_message_and_is_kept_there(company: Company) -> None:
    company.rep.types("/deal add Acme renewal amount:12k")
    company.rep.types('/followup add D-1 when:"in 3 days" call back')
    comes_due(company)
    reminder = company.rep.sees("Done", channel="@Rapport")
    assert all(part in reminder for part in ("call back", "D-1 Acme renewal", "$12,000", "Snooze"))
    assert "was due" not in reminder
    company.rep.clicks("Done", channel="@Rapport")
    company.rep.sees("F-1 · done", channel="@Rapport")
    assert len(company.rep.messages("@Rapport")) == 1
    with company.database.transaction(company.workspace) as session:
        assert due.get(session, "followup", "F-1") is None


def reminded(company: Company, about: str) -> str:
    """Return the reminder of a promise about a record, as its owner sees it."""
    company.rep.types(f'/followup add {about} when:"in 3 days" call back')
    comes_due(company)
    return company.rep.sees("Snooze", channel="@Rapport")


def test_the_reminder_shows_what_a_deal_is_about_and_all_of_it_if_asked(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    company.rep.types("/deal add Acme renewal amount:12k customer:acme close:2030-01-07")
    reminder = reminded(company, "D-1")
    known = ("Lead", "$12,000", "Jan 7, 2030", "@Rita Rep", "Acme Corp C-1")
    assert all(part in " ".join(reminder.replace("*", "").split()) for part in known), reminder
    company.rep.clicks("Show", channel="@Rapport")
    company.rep.sees("Move to", channel="@Rapport")


def test_the_reminder_shows_how_a_ticket_stands_and_begins(company: Company, manager: Person) -> None:
    company.rep.types("/customer add Globex")
    company.rep.types("/customer link globex channel:#ext-globex")
    manager.types("/crm triage #support")
    company.customer.posts("The export is broken\nIt says error 500", channel="CSHARED")
    company.agent.sees("T-1", channel="CSUPPORT")
    reminder = reminded(company, "T-1")
    assert all(part in reminder for part in ("Status", "new", "Priority", "Globex", "It says error 500")), reminder


def test_the_reminder_shows_what_is_open_at_a_customer(company: Company) -> None:
    company.rep.types("/customer add Acme Corp tier:gold")
    for number in range(4):
        company.rep.types(f"/deal add Renewal {number} customer:acme amount:{number + 1}k")
    reminder = reminded(company, "C-1")
    assert all(part in reminder for part in ("gold", "@Rita Rep", "D-3 Renewal 2 · Lead · $3,000", "…")), reminder
    assert "Renewal 3" not in reminder


@pytest.mark.parametrize(
    ("down", "said"),
    [
        (timedelta(seconds=3), ""),
        (timedelta(minutes=10), "10 minutes ago"),
        (timedelta(hours=8), "8 hours ago"),
        (timedelta(days=3), "3 days ago"),
    ],
    ids=str,
)
def test_a_reminder_that_is_late_comes_once_and_says_so(company: Company, down: timedelta, said: str) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types('/followup add D-1 when:"in 5 days" call back')
    comes_due(company, ago=down)
    reminder = company.rep.sees("call back", channel="@Rapport")
    assert (said in reminder) and ("was due" in reminder) is bool(said)
    company.bot.clock.materialise()
    company.settles()
    assert len(company.rep.messages("@Rapport")) == 1


def test_snoozing_reminds_again_in_ones_own_morning(company: Company) -> None:
    company.agent.types("/deal add Acme renewal")
    company.agent.types('/followup add D-1 when:"in 3 days" call back')
    comes_due(company)
    company.agent.selects("Snooze", "Tomorrow at 9", channel="@Rapport")
    again = due_at(company).astimezone(zone("America/New_York"))
    assert (again.hour, again.minute) == (9, 0)
    shown = moment(again, zone("America/New_York"), "en-US", now=datetime.now(again.tzinfo))
    company.agent.sees(f"I will remind you again {shown}", channel="@Rapport")
    comes_due(company)
    until(lambda: len(company.agent.messages("@Rapport")) == 2)
    company.agent.selects("Snooze", "In an hour", channel="@Rapport")
    until(lambda: timedelta(minutes=58) < due_at(company) - datetime.now(again.tzinfo) < timedelta(minutes=61))


def test_a_promise_that_was_kept_meanwhile_is_not_reminded_of(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types('/followup add D-1 when:"in 3 days" call back')
    company.rep.clicks("Done")
    company.rep.sees("F-1 · done")
    comes_due(company)
    company.settles()
    assert company.sandbox.control.calls("chat.postMessage") == []


def test_a_reminder_somebody_else_has_seen_to_says_who(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types('/followup add D-1 when:"in 3 days" call back')
    comes_due(company)
    company.rep.sees("Done", channel="@Rapport")
    company.agent.types("/followup list owner:@rep")
    company.agent.clicks("followups.done_in_list")
    company.agent.sees("F-1 · done")
    company.rep.clicks("Done", channel="@Rapport")
    company.rep.sees("Nothing was done: Anton Agent has changed this meanwhile", channel="@Rapport")
    company.rep.sees("F-1 · done", channel="@Rapport")


def test_a_form_from_a_card_knows_what_it_is_about(rep: Person) -> None:
    rep.types("/ticket add Login fails")
    rep.clicks("Follow up")
    rep.submits({"What to do": "Ask for logs", "Day": "2030-01-07", "Time": "15:30"})
    rep.sees("I will remind you Jan 7, 2030, 3:30 PM")
    rep.sees("T-1 Login fails")


def test_the_form_searches_and_says_what_is_wrong(rep: Person) -> None:
    rep.types("/deal add Acme renewal")
    rep.types("/customer add Acme Corp")
    rep.types("/followup")
    assert rep.types_option("About", "").options == ["Acme renewal (D-1)"]
    assert set(rep.types_option("About", "acme").options) == {"Acme renewal (D-1)", "Acme Corp (C-1)"}
    past = rep.submits(About="Acme Corp (C-1)", Day="2020-01-01", Time="09:00")
    assert "day" in past.errors
    rep.submits(Day="2030-01-07")
    rep.sees("Follow up on Acme Corp")


def test_mistakes_are_named(rep: Person) -> None:
    rep.types("/deal add Acme renewal")
    said = {
        "/followup add D-1 call back": 'when: is missing. Write for example when:"friday 9am".',
        "/followup add nobody when:tomorrow": "Nothing is called nobody.",
        "/followup add D-9 when:tomorrow": "There is no D-9.",
        "/followup add F-1 when:tomorrow": "is about one of: customer, deal, contact, renewal, ticket",
        "/followup add D-1 when:someday": "someday",
        "/followup add D-1 when:yesterday": "yesterday has passed.",
    }
    for typed, sentence in said.items():
        assert sentence in rep.types(typed).text, typed
    assert "You have no follow-ups." in rep.types("/followup list").text


def test_home_shows_what_is_to_be_followed_up(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types('/followup add D-1 when:"in 3 days" call back')
    company.rep.opens_home()
    company.rep.sees("My follow-ups")
    company.rep.clicks("followups.done_in_list", view="home")
    until(lambda: "You have no follow-ups." in company.rep.sees("My follow-ups"))


def test_what_recurs_is_due_again_when_it_is_done(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    made = company.rep.types('/followup add acme when:"every monday 9am" look at their usage').text
    assert "It repeats every Monday." in made
    first = due_at(company)
    said = company.rep.types("/followup done F-1").text
    assert "Done. It is due again" in said
    assert due_at(company) - first == timedelta(days=7)
    comes_due(company)
    company.rep.sees("🔁 every Monday", channel="@Rapport")
    company.rep.clicks("Done", channel="@Rapport")
    company.rep.sees("Done. It is due again", channel="@Rapport")
    with company.database.transaction(company.workspace) as session:
        row = due.get(session, "followup", "F-1")
        assert row is not None
        assert row.at == due_at(company)


def test_what_recurs_is_reminded_of_again_though_it_was_not_done(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    company.rep.types("/followup add acme when:daily look at their usage")
    comes_due(company, ago=timedelta(hours=1))
    until(lambda: len(company.rep.messages("@Rapport")) == 1)
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Due).where(Due.subject == "F-1").values(at=func.now()))
    company.bot.clock.materialise()
    until(lambda: len(company.rep.messages("@Rapport")) == 2)


def outbox_states(company: Company) -> list[str]:
    with company.database.transaction(company.workspace) as session:
        return list(session.scalars(select(Delivery.state)))


def test_a_reminder_that_waits_is_not_sent_once_its_time_is_done(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    company.rep.types("/followup add acme when:daily look at their usage")
    with company.database.transaction(company.workspace) as session:
        outbox_claims.pause(session, "chat.postMessage", 60)
    comes_due(company)
    company.rep.types("/followup done F-1")
    with company.database.transaction(company.workspace) as session:
        session.execute(delete(Pause))
    until(lambda: outbox_states(company) == ["cancelled"])
    assert company.sandbox.control.calls("chat.postMessage") == []


def test_reminders_that_piled_up_come_as_one(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    company.rep.types("/followup add acme when:daily look at their usage")
    with company.database.transaction(company.workspace) as session:
        outbox_claims.pause(session, "chat.postMessage", 60)
    comes_due(company, ago=2 * DAY)
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Due).where(Due.subject == "F-1").values(at=func.now()))
    company.bot.clock.materialise()
    with company.database.transaction(company.workspace) as session:
        session.execute(delete(Pause))
    until(lambda: sorted(outbox_states(company)) == ["cancelled", "sent"])
    assert "was due" in company.rep.sees("look at their usage", channel="@Rapport")
    assert len(company.rep.messages("@Rapport")) == 1


def test_a_reminder_that_a_dead_process_had_in_hand_is_not_sent_once_it_is_put_off(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/followup add D-1 when:tomorrow call back")
    with company.database.transaction(company.workspace) as session:
        outbox_claims.pause(session, "chat.postMessage", 60)
    comes_due(company)
    with company.database.transaction(company.workspace) as session:
        in_hand = {"state": "sending", "attempt": 1, "first_attempt_at": func.now(), "lease_until": func.now() + DAY}
        session.execute(update(Delivery).values(in_hand))
    company.rep.types('/followup move F-1 when:"2030-01-07 9am"')
    with company.database.transaction(company.workspace) as session:
        session.execute(update(Delivery).values(lease_until=func.now()))
        session.execute(delete(Pause))
    until(lambda: outbox_states(company) == ["cancelled"])
    assert company.sandbox.control.calls("chat.postMessage") == []


def test_a_follow_up_is_moved_and_cancelled_by_command(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/followup add D-1 when:tomorrow call back")
    assert "I will remind you Jan 7, 2030" in company.rep.types('/followup move F-1 when:"2030-01-07 9am"').text
    assert "is due again" not in company.rep.types("/followup cancel F-1").text
    assert "F-1 is already cancelled" in company.rep.types("/followup done F-1").text
    company.rep.types("/crm undo")
    assert "call back" in company.rep.types("/followup list").text


def test_a_reminder_is_put_off_in_words(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/followup add D-1 when:tomorrow call back")
    company.rep.clicks("Reschedule")
    wrong = company.rep.submits(When="someday")
    assert "someday" in str(wrong.errors)
    company.rep.submits(When="every weekday 8:30")
    company.rep.sees("It repeats every weekday.")


def test_what_came_of_it_is_logged_on_the_record(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/followup add D-1 when:tomorrow call back")
    company.rep.clicks("Log")
    company.rep.submits({"Result": "They want a discount"})
    company.rep.sees("F-1 · done")
    assert "They want a discount" in company.rep.types("/deal show D-1").text


def test_snoozing_takes_any_time(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/followup add D-1 when:tomorrow call back")
    company.rep.selects("Snooze", "Pick a time…")
    company.rep.submits(When="2030-01-07 14:00")
    company.rep.sees("I will remind you Jan 7, 2030, 2:00 PM")
    company.rep.selects("Snooze", "In an hour")
    company.rep.sees("I will remind you again")


def test_of_two_who_put_it_off_at_once_the_second_is_told(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/followup add D-1 when:tomorrow call back")
    company.rep.clicks("Reschedule")
    company.agent.types('/followup move F-1 when:"2030-01-07 14:00"')
    settled = due_at(company)
    assert "F-1 was changed meanwhile by Anton Agent" in str(company.rep.submits(When="in 2 hours").errors)
    assert due_at(company) == settled


def test_one_time_of_what_recurs_is_logged_once(company: Company) -> None:
    company.rep.types("/customer add Acme Corp")
    company.rep.types('/followup add acme when:"every monday 9am" look at their usage')
    company.rep.clicks("Log")
    company.agent.types("/followup done F-1")
    following = due_at(company)
    said = company.rep.submits({"Result": "All is well"})
    assert "F-1 was changed meanwhile by Anton Agent" in str(said.errors)
    company.rep.closes()
    company.rep.clicks("Log")
    company.rep.sees("Nothing was done: Anton Agent has changed this meanwhile")
    assert due_at(company) == following
    assert "All is well" not in company.rep.types("/customer show acme").text


def test_done_offers_the_next(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/followup add D-1 when:tomorrow call back")
    company.rep.clicks("Done")
    company.rep.sees("Done.")
    company.rep.clicks("Follow up again")
    company.rep.submits({"What to do": "Send the offer", "Day": "2030-01-07", "Again": "Every two weeks"})
    company.rep.sees("It repeats every 2 weeks on Monday.")
    assert due_at(company, 2).date().isoformat() == "2030-01-07"


def test_a_message_becomes_a_follow_up(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.posts("Acme asked for a quote by Friday")
    company.rep.shortcut("followups.remind", message="Acme asked for a quote")
    company.rep.submits({"About": "Acme renewal (D-1)", "Day": "2030-01-07"})
    company.rep.sees("Acme asked for a quote by Friday")
    assert "Acme asked for a quote" in company.rep.types("/followup list").text


def test_closing_a_deal_cancels_what_was_promised_and_says_so(company: Company) -> None:
    company.rep.types("/deal add Acme renewal")
    company.rep.types("/followup add D-1 when:tomorrow call back")
    assert "F-1" in company.rep.types("/deal won D-1").text
    assert "You have no follow-ups." in company.rep.types("/followup list").text


def test_a_list_turns_its_pages_by_what_stood_last(rep: Person) -> None:
    rep.types("/customer add Acme", channel="@Rapport")
    for number in range(1, 25):
        rep.types(f"/followup add C-1 when:2030-01-{number:02} step {number:02}", channel="@Rapport")
    assert "step 20" in rep.types("/followup list").text
    # What is done or added meanwhile moves no line from one page to another.
    rep.types("/followup done F-3", channel="@Rapport")
    rep.types("/followup add C-1 when:2030-01-01 step 00", channel="@Rapport")
    rep.clicks("More")
    second = rep.sees("21 to 24")
    assert "step 24" in second and "step 20" not in second
    rep.clicks("Back")
    first = rep.sees("1 to 20")
    assert "step 00" in first and "step 20" in first and "step 21" not in first
