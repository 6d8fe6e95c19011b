"""What becomes of each kind of message that Slack tells of, and of those no person would write."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from bot.handlers.triage.intake.classification import only_emoji
from bot.handlers.triage.notices import draw_greeting, draw_merged, draw_wrote_again
from bot.registry import load
from ml.classify.classifier import MessageClassifier
from storage.crm import contacts
from storage.crm.contacts import Contact
from storage.database.engine import Database
from storage.queues.outbox import Delivery
from storage.records.history import recording
from storage.support import channels, labels, messages, tickets
from storage.support.channels import Grouping
from storage.support.messages import IncomingMessage
from storage.support.tickets import Ticket
from storage.workspace import workspaces
from storage.workspace.members import Member, MemberKind
from tests.support.intake_driver import AGENT, CHANNEL, CUSTOMERS, Channel, changed, deleted, ts_at, unfurled, wrote
from tests.support.support_desk import BROKEN, INVOICE, THANKS

CODE = "def f(x):\n    return {k: v for k, v in x.items() if v is not None}\n\nfor i in range(10):\n    print(f(i))\n"


@pytest.fixture
def shared(database: Database, model: MessageClassifier) -> Channel:
    """Return a customer's channel."""
    return Channel(database, model)


def only_message(shared: Channel) -> IncomingMessage:
    with shared.database.transaction(shared.workspace) as session:
        return session.scalars(select(IncomingMessage)).one()


def only_ticket(shared: Channel) -> Ticket:
    with shared.database.transaction(shared.workspace) as session:
        return session.scalars(select(Ticket)).one()


def deliveries(shared: Channel, renderer: str) -> list[Delivery]:
    with shared.database.transaction(shared.workspace) as session:
        same = (Delivery.workspace_id == shared.workspace, Delivery.renderer == renderer)
        return list(session.scalars(select(Delivery).where(*same).order_by(Delivery.seq)))


@pytest.mark.parametrize(
    ("said", "more", "opens"),
    [
        ("", {}, True),
        ("", {"files": [{"name": "log.txt"}, {}]}, True),
        ("", {"attachments": [{"is_share": True, "text": "It is broken"}]}, True),
        ("x" * 40_000, {}, True),
        ("word " * 12_000, {}, True),
        (CODE, {}, True),
        ("登录页面坏了 and nobody can sign in, 怎么办？ ошибка 500 خطأ", {}, True),
        ("?", {}, True),
        ("a\x00b\ud800", {}, True),
        ("👍", {}, False),
        (":+1: :tada::tada: 🎉", {}, False),
        (THANKS, {}, False),
    ],
)
def test_whatever_is_written_is_kept_and_what_may_ask_is_a_ticket(
    shared: Channel, said: str, more: dict[str, Any], *, opens: bool
) -> None:
    shared.tell(wrote(ts_at(0), said) | more)
    message = only_message(shared)
    assert len(message.text) <= messages.TEXT_LIMIT
    assert message.text.startswith(said[:100].replace("\x00", "\ufffd").replace("\ud800", "?"))
    assert shared.live() == ({1: {message.ts}} if opens else {})
    if opens:
        assert len(only_ticket(shared).name) <= 80
    else:
        assert (message.category, message.abstained) == ("chatter", False)


@pytest.mark.parametrize(
    "event",
    [
        {"subtype": "channel_join"},
        {"subtype": "channel_topic"},
        {"subtype": "bot_message", "bot_id": "B1"},
        {"bot_id": "B1"},
        {
            "subtype": "message_changed",
            "message": {"subtype": "bot_message", "bot_id": "B1", "ts": ts_at(0), "user": "U1"},
        },
        {"subtype": "message_deleted", "deleted_ts": ts_at(0)},
        {"subtype": "message_replied", "message": {"user": "UCARLA", "ts": ts_at(0), "text": BROKEN}},
    ],
)
def test_what_no_person_wrote_is_left_alone(shared: Channel, event: dict[str, Any]) -> None:
    shared.tell(wrote(ts_at(0), BROKEN) | event)
    assert shared.stored() == []


def test_files_and_broadcasts_count(shared: Channel) -> None:
    first = wrote(ts_at(0), BROKEN) | {"subtype": "file_share", "files": [{"name": "shot.png"}]}
    shared.tell(first)
    shared.tell(wrote(ts_at(5), "Also for my colleague", thread=first["ts"]) | {"subtype": "thread_broadcast"})
    assert shared.live() == {1: {ts_at(0), ts_at(5)}}
    with shared.database.transaction(shared.workspace) as session:
        assert messages.of_ticket(session, 1)[0].text == f"{BROKEN}\n[shot.png]"


def test_an_edit_replaces_what_was_said_and_what_it_is_about(shared: Channel) -> None:
    first = wrote(ts_at(0), BROKEN)
    second = changed(first, INVOICE, ts_at(20))
    third = changed(second, "The export fails", ts_at(40))
    for event in (first, third, second, unfurled(first, ts_at(50)), first):
        shared.tell(event)
    message, ticket = only_message(shared), only_ticket(shared)
    assert (message.text, message.edited_at) == ("The export fails", messages.slack_time(ts_at(40)))
    assert ticket.name == "The export fails"


def test_what_a_person_said_of_a_message_outlives_its_edit(shared: Channel) -> None:
    first = wrote(ts_at(0), BROKEN)
    shared.tell(first)
    with (
        shared.database.transaction(shared.workspace) as session,
        recording(session, actor_id=AGENT, source="triage.category"),
    ):
        tickets.set_category(session, tickets.get(session, 1), "security", actor_id=AGENT)
    shared.tell(changed(first, INVOICE, ts_at(20)))
    assert (only_message(shared).text, only_message(shared).category) == (INVOICE, "security")
    assert (only_ticket(shared).name[:14], only_ticket(shared).category) == ("The login page", "security")


def test_thanks_that_become_a_question_open_a_ticket(shared: Channel) -> None:
    first = wrote(ts_at(0), THANKS)
    shared.tell(first)
    assert shared.live() == {}
    shared.tell(changed(first, BROKEN, ts_at(20)))
    assert shared.live() == {1: {first["ts"]}}


def test_edits_and_deletions_from_before_the_link_are_not_looked_at(shared: Channel) -> None:
    old = wrote("1500000000.000100", BROKEN)
    shared.tell(changed(old, INVOICE, ts_at(0)))
    shared.tell(deleted(old, ts_at(5)))
    assert shared.stored() == []


def test_a_root_that_is_deleted_under_its_replies_counts_as_deleted(shared: Channel) -> None:
    first = wrote(ts_at(0), BROKEN)
    shared.tell(first)
    gone = {"ts": first["ts"], "user": "USLACKBOT", "subtype": "tombstone", "text": "This message was deleted."}
    event = changed(first, "", ts_at(9)) | {"message": gone}
    shared.tell(event | {"user": first["user"]})
    assert only_message(shared).deleted_at == messages.slack_time(ts_at(9))
    assert not only_ticket(shared).is_request


def test_a_deleted_message_of_a_ticket_somebody_took_leaves_it_open(shared: Channel) -> None:
    first = wrote(ts_at(0), BROKEN)
    shared.tell(first)
    with (
        shared.database.transaction(shared.workspace) as session,
        recording(session, actor_id=AGENT, source="triage.take"),
    ):
        tickets.take(session, tickets.get(session, 1), AGENT)
    shared.tell(deleted(first, ts_at(9)))
    assert (only_ticket(shared).status, only_message(shared).deleted_at is not None) == ("open", True)


def test_only_by_hand_means_that_nothing_opens_a_ticket(database: Database, model: MessageClassifier) -> None:
    shared = Channel(database, model, Grouping.MANUAL)
    first = wrote(ts_at(0), BROKEN)
    shared.tell(first)
    assert shared.live() == {}
    with shared.database.transaction(shared.workspace) as session:
        message = messages.by_ts(session, CHANNEL, first["ts"])
        assert message is not None
        tickets.open_from_message(session, message)
    shared.tell(wrote(ts_at(60), "Any news?", thread=first["ts"]))
    assert shared.live() == {1: {first["ts"], ts_at(60)}}


def test_a_known_contact_is_recognised_by_id_then_by_address(shared: Channel) -> None:
    with shared.database.transaction(shared.workspace) as session:
        carla = session.get_one(Member, (shared.workspace, "UCARLA"))
        carla.email = "Carla@globex.example"
        contacts.add(session, name="Carla of Globex", email="carla@GLOBEX.example")
    shared.tell(wrote(ts_at(0), BROKEN))
    shared.tell(wrote(ts_at(9), INVOICE, "UCARL"))
    with shared.database.transaction(shared.workspace) as session:
        assert session.execute(select(Contact.name, Contact.slack_user_id).order_by(Contact.id)).all() == [
            ("Carla of Globex", "UCARLA"),
            ("UCARL", "UCARL"),
        ]


def test_whose_name_and_address_cannot_be_kept_is_heard_all_the_same(shared: Channel) -> None:
    with shared.database.transaction(shared.workspace) as session:
        carla = session.get_one(Member, (shared.workspace, "UCARLA"))
        carla.name, carla.email = "\u200b\u2060\ufe0f", "not an; address"
    shared.tell(wrote(ts_at(0), BROKEN))
    assert shared.live() == {1: {ts_at(0)}}
    with shared.database.transaction(shared.workspace) as session:
        assert session.execute(select(Contact.name, Contact.email)).all() == [("UCARLA", None)]


def test_a_recorded_contact_counts_though_slack_calls_them_one_of_us(shared: Channel) -> None:
    shared.tell(wrote(ts_at(0), BROKEN, AGENT))
    assert shared.live() == {}
    with shared.database.transaction(shared.workspace) as session:
        contacts.add(session, name="Consultant", slack_user_id=AGENT)
    shared.tell(wrote(ts_at(60), BROKEN, AGENT))
    assert shared.live() == {1: {ts_at(60)}}


def test_the_assignee_hears_once_of_several_messages_in_a_row(shared: Channel) -> None:
    first = wrote(ts_at(0), BROKEN)
    shared.tell(first)
    with (
        shared.database.transaction(shared.workspace) as session,
        recording(session, actor_id=AGENT, source="triage.take"),
    ):
        tickets.take(session, tickets.get(session, 1), AGENT)
    for second, text in ((7200, "Still broken"), (7260, "Hello?"), (7300, THANKS), (14400, "Is anybody there?")):
        shared.tell(wrote(ts_at(second), text, thread=first["ts"]))
    told = [one for one in deliveries(shared, "triage.wrote_again") if one.kind == "post"]
    assert [(one.target_user, one.record) for one in told] == [(AGENT, "T-1")] * 2
    shared.tell(wrote(ts_at(14460), "Which browser is it?", AGENT, thread=first["ts"]))
    shared.tell(wrote(ts_at(14520), "Firefox, and it is still broken", thread=first["ts"]))
    assert len([one for one in deliveries(shared, "triage.wrote_again") if one.kind == "post"]) == 3
    grown = next(one for one in deliveries(shared, "triage.wrote_again") if one.kind == "update")
    with shared.database.transaction(shared.workspace) as session:
        drawn = draw_wrote_again(told[0], session)
        assert drawn is not None
        assert "Still broken" in str([block.to_dict() for block in drawn.blocks])
        drawn = draw_wrote_again(grown, session)
        assert drawn is not None
        all_of_it = str([block.to_dict() for block in drawn.blocks])
        assert all(said in all_of_it for said in ("Still broken", "Hello?", THANKS))
        assert draw_wrote_again(Delivery(record="T-9"), session) is None
        assert draw_merged(Delivery(record="T-9"), session) is None
        message_id, _ = told[0].payload["message"]
        gone = session.scalars(select(IncomingMessage).where(IncomingMessage.id == message_id)).one()
        messages.deleted(session, gone, gone.at)
        assert draw_wrote_again(told[0], session) is None
        session.rollback()


def test_a_direct_message_is_answered_each_time_to_ours_and_once_a_day_to_others(shared: Channel) -> None:
    for second in (0, 30, 30):
        for who in (AGENT, CUSTOMERS[0]):
            shared.tell(wrote(ts_at(second), "Hello bot", who), place="D1")
    shared.tell(changed(wrote(ts_at(0), "Hello bot", AGENT), "Hello", ts_at(40)), place="D1")
    told = sorted(one.target_user or "" for one in deliveries(shared, "triage.greeting"))
    assert told == sorted([AGENT, AGENT, CUSTOMERS[0]])
    assert shared.stored() == []


def test_who_mentions_rapport_is_answered_alone(shared: Channel) -> None:
    with shared.database.transaction(shared.workspace) as session:
        workspaces.install(session, bot_user_id="UBOT")
    shared.tell(wrote(ts_at(0), "<@UBOT> how do I close a ticket?", AGENT), place="CELSE")
    shared.tell(wrote(ts_at(1), "<@UELSE> have a look", AGENT), place="CELSE")
    shared.tell(wrote(ts_at(2), "<@UBOT> help", CUSTOMERS[0]), place="CELSE")
    assert [one.target_user for one in deliveries(shared, "triage.greeting")] == [AGENT]


def test_an_answer_names_what_one_can_do_and_the_nearest_command(shared: Channel) -> None:
    registry = load()
    with shared.database.transaction(shared.workspace) as session:
        staff = session.get_one(Member, (shared.workspace, AGENT))
        asked = draw_greeting(Delivery(payload={"text": "@UBOT how do I close a ticket?"}), staff, registry)
        assert "Did you mean `/ticket close`" in str(asked.text)
        assert "`/ticket`  add" in str([block.to_dict() for block in asked.blocks])
        assert "Did you mean" not in str(draw_greeting(Delivery(payload={}), staff, registry).text)
    guest = draw_greeting(Delivery(payload={"text": "deal add"}), Member(kind=MemberKind.GUEST), registry)
    assert "channel you share with us" in str(guest.text)
    assert not guest.blocks


def test_channels_that_are_not_linked_are_not_read(shared: Channel) -> None:
    shared.tell(wrote(ts_at(0), BROKEN), place="COTHER")
    assert shared.stored() == []
    with shared.database.transaction(shared.workspace) as session:
        assert channels.link_of(session, "COTHER") is None
        assert list(labels.examples(session)) == []


@pytest.mark.parametrize(
    ("text", "only"), [("👍🏽", True), (":tada: ✅", True), ("", False), ("ok 👍", False), ("?!", False)]
)
def test_only_emoji(text: str, *, only: bool) -> None:
    assert only_emoji(text) is only


def test_a_message_is_kept_as_a_person_reads_it(shared: Channel) -> None:
    said = "<@UANTON> and <@UNOBODY> of <!subteam^S1|@billing>, see <#CEXT|> and call <tel:+4912|+49 12>"
    with shared.database.transaction(shared.workspace) as session:
        session.add(Member(workspace_id=shared.workspace, id="UANTON", name="Anton Agent", kind=MemberKind.STAFF))
        channels.seen(session, "CEXT", name="news")
    shared.tell(wrote(ts_at(0), said))
    assert only_message(shared).text == "@Anton Agent and @somebody of @billing, see #news and call +49 12"
    shared.tell(changed(wrote(ts_at(0), said), "Hello <@UANTON>", ts_at(40)))
    assert only_message(shared).text == "Hello @Anton Agent"
