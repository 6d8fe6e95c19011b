"""Show what several customers report at once coming together, and apart again."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from storage.crm import customers
from storage.database.engine import Database, current_workspace
from storage.queues import outbox
from storage.support import incident_reports, messages, tickets
from storage.support.incidents import Incident
from storage.support.tickets import Ticket
from storage.workspace.members import Member, MemberKind
from tests.support.waiting import PATIENCE_S

NOW = datetime.now(UTC)


def reported(
    session: Session,
    who: str | None = None,
    *,
    ago: float = 0,
    channel: str | None = "CSUPPORT",
    author: str = "U9",
    text: str = "It is down",
) -> Ticket:
    """Open a ticket of a customer from a message some minutes ago, with a card in a channel."""
    found = customers.find(session, who, 1) if who else []
    customer = found[0] if found else customers.add(session, name=who) if who else None
    number = session.scalars(select(func.count()).select_from(Ticket)).one()
    at = NOW - timedelta(minutes=ago)
    message = messages.receive(
        session,
        channel_id=f"C{author}{number}",
        ts=f"{at.timestamp():.6f}",
        text=text,
        author_id=author,
        customer_id=customer.id if customer else None,
    )
    assert message is not None
    ticket, _ = tickets.open_from_message(session, message)
    ticket.created_at = at
    if channel is not None:
        ticket.card_delivery_id = outbox.enqueue(session, target_channel=channel, renderer="triage.card", record=None)
        ticket.card_channel_id = channel
    session.flush()
    return ticket


def under(session: Session, ticket: Ticket, channel: str = "CSUPPORT", at: datetime = NOW) -> list[int]:
    return [one.ticket_id for one in incident_reports.candidates(session, ticket, channel, at)]


def folded(session: Session, ticket: Ticket, at: datetime = NOW) -> Incident:
    (candidate,) = incident_reports.candidates(session, ticket, "CSUPPORT", at)
    incident = incident_reports.fold(session, ticket, candidate, at)
    assert incident is not None
    return incident


def test_what_a_ticket_may_be_put_under(session: Session) -> None:
    reported(session, "Old", ago=121)
    acme = reported(session, "Acme", ago=119)
    reported(session, "Elsewhere", channel="COTHER")
    reported(session, "No card", channel=None)
    tickets.set_status(session, reported(session, "Resolved"), "resolved")
    stranger = reported(session, author="U8")
    new = reported(session, "Globex", channel=None)
    assert under(session, new) == [acme.id, stranger.id]
    assert under(session, reported(session, "Acme", channel=None)) == [stranger.id]
    assert under(session, reported(session, author="U8", channel=None)) == [acme.id]
    assert under(session, reported(session, author="U7", channel=None)) == [acme.id, stranger.id]
    (first, _second) = incident_reports.candidates(session, new, "CSUPPORT", NOW)
    assert (first.text, first.incident_id) == ("It is down", None)
    (message,) = messages.of_ticket(session, acme.id)
    message.deleted_at = NOW
    session.flush()
    assert under(session, new) == [stranger.id]


def test_the_first_stands_for_the_others_and_no_version_changes(session: Session) -> None:
    lead, second = reported(session, "Acme", ago=30), reported(session, "Globex", channel=None)
    versions = lead.version, second.version
    incident = folded(session, second)
    assert lead.incident_id == second.incident_id == incident.id
    assert (lead.version, second.version) == versions
    third = reported(session, "Initech", channel=None)
    assert folded(session, third) is incident
    assert incident_reports.members_of(session, incident.id) == [lead, second, third]
    assert incident_reports.extent(session, incident.id) == incident_reports.Extent(3, 3, 0)
    assert tickets.first_of_incident(session, incident.id) is lead
    firsts = incident_reports.first_messages(session, [second.id, third.id, 99])
    assert [(number, one.author_id) for number, one in firsts.items()] == [(second.id, "U9"), (third.id, "U9")]
    assert (incident.started_at.replace(microsecond=0), incident.last_at) == (
        (NOW - timedelta(minutes=30)).replace(microsecond=0),
        NOW,
    )


def test_an_incident_ends_two_hours_after_its_last_message(session: Session) -> None:
    lead, second = reported(session, "Acme", ago=170), reported(session, "Globex", ago=60, channel=None)
    incident = folded(session, second, NOW - timedelta(minutes=60))
    late = reported(session, "Initech", channel=None)
    assert under(session, late) == [lead.id]
    assert under(session, late, at=NOW + timedelta(minutes=61)) == []
    assert incident.last_at == NOW - timedelta(minutes=60)


def test_nothing_is_put_under_what_was_resolved_meanwhile(session: Session) -> None:
    lead, second = reported(session, "Acme"), reported(session, "Globex", channel=None)
    (candidate,) = incident_reports.candidates(session, second, "CSUPPORT", NOW)
    tickets.set_status(session, lead, "resolved")
    assert incident_reports.fold(session, second, candidate, NOW) is None
    assert second.incident_id is None


def test_customers_are_counted_once_and_strangers_for_themselves(session: Session) -> None:
    reported(session, "Acme")
    for who, author in (("Globex", "U1"), ("Globex", "U2"), (None, "U3"), (None, "U3"), (None, "U4")):
        incident = folded(session, reported(session, who, author=author, channel=None))
    assert incident_reports.extent(session, incident.id) == incident_reports.Extent(6, 4, 0)


def test_colleagues_are_not_counted_as_customers(session: Session) -> None:
    session.add(
        Member(workspace_id=current_workspace(session), id="U3", name="Tom", roles=["rep"], kind=MemberKind.STAFF)
    )
    reported(session, "Acme")
    for author in ("U3", "U3", "U4"):
        incident = folded(session, reported(session, None, author=author, channel=None))
    assert incident_reports.extent(session, incident.id) == incident_reports.Extent(4, 2, 1)


def test_one_is_taken_out_again(session: Session) -> None:
    lead = reported(session, "Acme")
    second, third = (reported(session, who, channel=None) for who in ("Globex", "Initech"))
    folded(session, second)
    incident = folded(session, third)
    assert incident_reports.unfold(session, second) == [second, lead]
    assert (second.incident_id, lead.incident_id) == (None, incident.id)
    assert incident_reports.unfold(session, second) == []
    assert incident_reports.unfold(session, lead) == [lead, third]
    assert (lead.incident_id, third.incident_id) == (None, None)
    assert session.scalars(select(Incident)).all() == []


def test_where_the_first_leaves_the_next_stands_for_the_others(session: Session) -> None:
    lead = reported(session, "Acme")
    second, third = (reported(session, who, channel=None) for who in ("Globex", "Initech"))
    folded(session, second)
    incident = folded(session, third)
    assert incident_reports.unfold(session, lead) == [lead, second]
    assert incident_reports.members_of(session, incident.id) == [second, third]
    tickets.set_status(session, second, "resolved")
    assert incident_reports.unresolved(session, incident.id) == [third]


def test_reports_at_once_come_under_one_card(database: Database, workspace: str) -> None:
    names = ("Acme", "Globex", "Initech", "Umbrella", "Hooli")
    start = threading.Barrier(len(names))

    def report(name: str) -> None:
        with database.transaction(workspace) as session:
            ticket = reported(session, name, author=f"U{name}", channel=None)
            incident_reports.lock(session, "CSUPPORT")
            found = incident_reports.candidates(session, ticket, "CSUPPORT", NOW)
            if found:
                incident_reports.fold(session, ticket, found[0], NOW)
            else:
                ticket.card_delivery_id = outbox.enqueue(
                    session, target_channel="CSUPPORT", renderer="triage.card", record=None
                )
                ticket.card_channel_id = "CSUPPORT"

    def begin(name: str) -> None:
        start.wait(PATIENCE_S)
        report(name)

    threads = [threading.Thread(target=begin, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    with database.transaction(workspace) as session:
        (incident,) = session.scalars(select(Incident)).all()
        assert incident_reports.extent(session, incident.id) == incident_reports.Extent(5, 5, 0)
        cards = select(func.count()).select_from(Ticket).where(Ticket.card_delivery_id.is_not(None))
        assert session.scalars(cards).one() == 1


def test_another_workspaces_tickets_are_never_together_with_ours(
    database: Database, workspace: str, second_workspace: str
) -> None:
    with database.transaction(workspace) as session:
        reported(session, "Acme")
        mine = folded(session, reported(session, "Globex", channel=None)).id
    with database.transaction(second_workspace) as session:
        ticket = reported(session, "Globex", channel=None)
        assert under(session, ticket) == []
        assert incident_reports.members_of(session, mine) == incident_reports.unresolved(session, mine) == []
        assert incident_reports.extent(session, mine) == incident_reports.Extent(0, 0, 0)
