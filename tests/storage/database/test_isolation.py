"""Show that no function of storage's nouns sees or changes anything of another workspace.

Every public function is called in a workspace that has nothing, with what is there in another: its ids, names, times
and even its objects. A function that nobody listed here fails the test.
"""

from __future__ import annotations

import contextlib
import inspect
from collections.abc import Callable, Iterator
from datetime import time, timedelta
from types import ModuleType, SimpleNamespace
from typing import Any

import pytest
from sqlalchemy import inspect as inspect_row
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from storage import subjects
from storage.crm import contacts, customers, deals, followups, notes, pipelines
from storage.database.engine import Base, Database
from storage.digests import metrics, runs, schedules
from storage.digests.metrics import Metric, Number
from storage.errors import NotFound
from storage.money import Money
from storage.notifications import preferences, throttle
from storage.notifications.preferences import Notice
from storage.queues.outbox import Delivery
from storage.records import named, search
from storage.records.history import timeline
from storage.records.query import Query
from storage.support import categories, channels, labels, messages, model_versions, ratings, replies, tickets
from storage.workspace import permissions
from storage.workspace.members import Member
from tests.support.one_of_each import BERLIN, HOUR, SOON, TODAY, TS, everything
from tests.support.plain_values import PlainValues

MODULES = (
    subjects, preferences, categories, channels, contacts, customers, deals, runs, schedules, metrics, followups,
    throttle, labels, messages, model_versions, notes, pipelines, named, replies, search, tickets, ratings, permissions,
)  # fmt: skip


@pytest.fixture
def theirs(database: Database, workspace: str) -> SimpleNamespace:
    with database.transaction(workspace) as session:
        return everything(session)


@pytest.fixture
def stranger(database: Database, second_workspace: str) -> Iterator[Session]:
    with database.transaction(second_workspace) as session:
        yield session
        session.rollback()


READS: dict[str, Callable[[Session, Any], Any]] = {
    "subjects.called": lambda s, t: subjects.called(s, "secret"),
    "subjects.subject_of": lambda s, t: subjects.subject_of(s, t.note),
    "preferences.get": lambda s, t: preferences.get(s, "UAGENT"),
    "preferences.reconsider": lambda s, t: preferences.reconsider(s, Delivery.lane == "C1"),
    "categories.all_of": lambda s, t: categories.all_of(s),
    "categories.by_key": lambda s, t: categories.by_key(s, t.category.key),
    "categories.examples_of": lambda s, t: categories.examples_of(s) + categories.examples_of(s, t.category.key),
    "categories.merges": lambda s, t: categories.merges(s),
    "channels.get": lambda s, t: channels.get(s, "C1"),
    "channels.link_of": lambda s, t: channels.link_of(s, "C1"),
    "channels.links": lambda s, t: channels.links(s) + channels.links(s, customer_id=t.customer.id),
    "channels.link": lambda s, t: channels.link(s, "C1", t.customer.id),
    "channels.make_inbox": lambda s, t: channels.make_inbox(s, "C1"),
    "channels.triage": lambda s, t: channels.triage(s),
    "channels.unlink": lambda s, t: channels.unlink(s, "C1"),
    "contacts.by_slack_user": lambda s, t: contacts.by_slack_user(s, "U9"),
    "contacts.find": lambda s, t: contacts.find(s, "Secret Contact"),
    "contacts.get": lambda s, t: contacts.get(s, t.contact.id),
    "contacts.likely_duplicates": lambda s, t: contacts.likely_duplicates(s, "Secret Contact", "secret@secret.example"),
    "contacts.list_contacts": lambda s, t: [*contacts.list_contacts(s), *contacts.list_contacts(s, customer_id=1)],
    "contacts.recognise": lambda s, t: contacts.recognise(s, "U9", None),
    "contacts.resolve": lambda s, t: contacts.resolve(s, "Secret Contact"),
    "customers.find": lambda s, t: customers.find(s, "Secret Customer"),
    "customers.get": lambda s, t: customers.get(s, t.customer.id),
    "customers.likely_duplicates": lambda s, t: customers.likely_duplicates(s, "Secret Customer", "secret.example"),
    "customers.list_customers": lambda s, t: customers.list_customers(s) + customers.list_customers(s, owner_id="UREP"),
    "customers.resolve": lambda s, t: customers.resolve(s, "secret"),
    "customers.tiers_called": lambda s, t: customers.tiers_called(s, "gold"),
    "deals.find": lambda s, t: deals.find(s, "Secret Deal"),
    "deals.get": lambda s, t: deals.get(s, t.deal.id),
    "deals.likely_duplicates": lambda s, t: deals.likely_duplicates(s, "Secret Deal", t.customer.id),
    "deals.list_deals": lambda s, t: deals.list_deals(s, closed=None) + deals.list_deals(s, stage_id=t.stage.id),
    "deals.resolve": lambda s, t: deals.resolve(s, t.deal.reference),
    "runs.described": lambda s, t: runs.described(s, "F1", Number(Metric.DEALS_OPEN, 1), TODAY)["ids"],
    "runs.get": lambda s, t: runs.get(s, t.run.id),
    "runs.as_of": lambda s, t: runs.as_of(s, t.run.until, user_id="UMANAGER", name=t.run.name),
    "runs.last_sent": lambda s, t: runs.last_sent(s, t.digest),
    "runs.newest": lambda s, t: runs.newest(s, user_id="UMANAGER", channel_id="C1"),
    "schedules.get": lambda s, t: schedules.get(s, t.digest.id),
    "schedules.list_digests": lambda s, t: schedules.list_digests(s) + schedules.list_digests(s, owner_id="UMANAGER"),
    "schedules.resolve": lambda s, t: schedules.resolve(s, "Secret Digest"),
    "metrics.backlog": lambda s, t: metrics.backlog(s, TODAY),
    "metrics.count": lambda s, t: sum(metrics.count(s, figure, TODAY) for figure in Metric),
    "metrics.digest": lambda s, t: sum(one.count for one in metrics.digest(s, TODAY).numbers),
    "metrics.forecast": lambda s, t: [
        one for one in metrics.forecast(s, [(str(t.stage.id), [Money(1000, "EUR")])]) if one.minor
    ],
    "metrics.identified": lambda s, t: metrics.identified(s, Metric.DEALS_OPEN, TODAY, [t.deal.id]),
    "metrics.identities": lambda s, t: metrics.identities(s, Metric.DEALS_OPEN, TODAY),
    "metrics.pipeline": lambda s, t: metrics.pipeline(s, TODAY),
    "metrics.records": lambda s, t: [row for figure in Metric for row in metrics.records(s, figure, TODAY)],
    "metrics.team": lambda s, t: metrics.team(s, "USTRANGER"),
    "followups.all_open": lambda s, t: followups.all_open(s, "UREP") + followups.all_open(s, "UAGENT"),
    "followups.cancel_about": lambda s, t: followups.cancel_about(s, t.deal),
    "followups.get": lambda s, t: followups.get(s, t.followup.id),
    "followups.list_followups": lambda s, t: followups.list_followups(s) + followups.list_followups(s, about=t.deal),
    "followups.page": lambda s, t: followups.page(s, Query(), PlainValues(), limit=10).records,
    "followups.resolve": lambda s, t: followups.resolve(s, "Secret Promise"),
    "throttle.held_back": lambda s, t: throttle.held_back(s, "C1", TODAY.since, TODAY.until),
    "throttle.hurry": lambda s, t: throttle.hurry(s, t.urgent),
    "throttle.is_urgent": lambda s, t: throttle.is_urgent(s, t.held, Notice.TICKETS),
    "throttle.spent_today": lambda s, t: throttle.spent_today(s, "C1", zone=BERLIN, now=SOON),
    "throttle.waiting": lambda s, t: throttle.waiting(s, "C1"),
    "labels.changed_here": lambda s, t: labels.changed_here(s),
    "labels.count_after": lambda s, t: labels.count_after(s, 0),
    "labels.counts": lambda s, t: labels.counts(s),
    "labels.examples": lambda s, t: list(labels.examples(s)),
    "labels.last_words": lambda s, t: labels.last_words(s, limit=10),
    "labels.last_words_on": lambda s, t: labels.last_words_on(s, [t.message.id]),
    "labels.messages_since": lambda s, t: list(labels.messages_since(s, TODAY.since)),
    "labels.newest": lambda s, t: labels.newest(s, 10),
    "labels.of_message": lambda s, t: labels.of_message(s, t.message),
    "messages.burst": lambda s, t: messages.burst(s, t.ticket.id, t.message.at + HOUR, HOUR) == t.message.at,
    "messages.by_ts": lambda s, t: messages.by_ts(s, "C1", TS),
    "messages.from_to": lambda s, t: messages.from_to(s, t.message, t.message.at, 5),
    "messages.get": lambda s, t: messages.get(s, t.message.id, t.message.at),
    "messages.last_of_ticket": lambda s, t: messages.last_of_ticket(s, t.ticket.id),
    "messages.newest_of_ticket": lambda s, t: messages.newest_of_ticket(s, t.ticket.id),
    "messages.of_ticket": lambda s, t: messages.of_ticket(s, t.ticket.id),
    "messages.tickets_of_thread": lambda s, t: messages.tickets_of_thread(s, "C1", TS),
    "messages.without_ticket": lambda s, t: messages.without_ticket(s, "C1", TS, t.message.at),
    "model_versions.before": lambda s, t: model_versions.before(s, t.model),
    "model_versions.get": lambda s, t: model_versions.get(s, t.model.id),
    "model_versions.live": lambda s, t: model_versions.live(s),
    "model_versions.newest": lambda s, t: model_versions.newest(s),
    "model_versions.standing": lambda s, t: model_versions.standing(s).live_id,
    "model_versions.turn": lambda s, t: model_versions.turn(s),
    "model_versions.weights": lambda s, t: model_versions.weights(s, t.model.id),
    "notes.about": lambda s, t: notes.about(s, t.customer),
    "pipelines.all_of": lambda s, t: [one for one in pipelines.all_of(s) if one.id == t.stage.pipeline_id],
    "pipelines.counterpart": lambda s, t: pipelines.counterpart(s, pipelines.open_stages(s)[0], t.stage.pipeline_id),
    "pipelines.every_stage": lambda s, t: [one for one in pipelines.every_stage(s) if one.id == t.stage.id],
    "pipelines.resolve_pipeline": lambda s, t: pipelines.resolve_pipeline(s, "Sales").id == t.stage.pipeline_id,
    "pipelines.resolve_stages": lambda s, t: t.stage.id in pipelines.resolve_stages(s, "lead"),
    "pipelines.stages_in": lambda s, t: t.stage.id in pipelines.stages_in(s, "Sales"),
    "pipelines.changes": lambda s, t: pipelines.changes(s, t.deal.id),
    "pipelines.open_stages": lambda s, t: [one for one in pipelines.open_stages(s) if one.id == t.stage.id],
    "pipelines.stage": lambda s, t: pipelines.stage(s, t.stage.id),
    "pipelines.default": lambda s, t: pipelines.default(s).id == t.stage.pipeline_id,
    "pipelines.resolve_stage": lambda s, t: pipelines.resolve_stage(s, "lead", t.stage.pipeline_id),
    "pipelines.stage_with": lambda s, t: pipelines.stage_with(s, pipelines.Outcome.WON, t.stage.pipeline_id),
    "pipelines.stages": lambda s, t: pipelines.stages(s, t.stage.pipeline_id),
    "named.at_version": lambda s, t: timeline(s, "customer", t.customer.id),
    "named.by_bare_number": lambda s, t: named.by_bare_number(s, tickets.Ticket, str(t.ticket.id)),
    "named.by_reference": lambda s, t: named.by_reference(s, customers.Customer, t.customer.reference),
    "named.get": lambda s, t: named.get(s, tickets.Ticket, t.ticket.id),
    "named.is_current": lambda s, t: named.is_current(s, t.customer, 0),
    "named.namesakes": lambda s, t: named.namesakes(s, deals.Deal, "Secret Deal"),
    "named.near": lambda s, t: named.near(s, customers.Customer, "Secret Customer", 10),
    "named.resolve": lambda s, t: named.resolve(s, contacts.Contact, "Secret Contact"),
    "replies.called": lambda s, t: replies.called(s, "Secret Reply"),
    "replies.draft_of": lambda s, t: replies.draft_of(s, t.ticket, "UAGENT"),
    "replies.get": lambda s, t: replies.get(s, t.reply.id),
    "replies.get_saved": lambda s, t: replies.get_saved(s, t.saved.id),
    "replies.last_sent": lambda s, t: replies.last_sent(s, t.ticket.id, SOON),
    "replies.saved": lambda s, t: replies.saved(s),
    "replies.sent": lambda s, t: replies.sent(s, t.ticket.id),
    "replies.thread_of": lambda s, t: replies.thread_of(
        s, tickets.Ticket(id=t.ticket.id, channel_id="C1", thread_ts=None)
    ),
    "ratings.called": lambda s, t: "Secret" in ratings.called(s, t.rating),
    "ratings.for_person": lambda s, t: ratings.for_person(s, t.rating.id, "UMANAGER"),
    "ratings.get": lambda s, t: ratings.get(s, t.rating.id),
    "ratings.is_wanted": lambda s, t: ratings.is_wanted(s, t.rating),
    "ratings.of_ticket": lambda s, t: ratings.of_ticket(s, t.rating.ticket_id),
    "ratings.are_asked": lambda s, t: ratings.are_asked(s),
    "permissions.get": lambda s, t: permissions.get(s, t.permission.id),
    "permissions.is_allowed": lambda s, t: permissions.is_allowed(s, "deal", t.deal.id, "UAGENT", SOON),
    "search.find": lambda s, t: search.find(s, "secret") + search.find(s, t.customer.reference),
    "tickets.by_thread": lambda s, t: tickets.by_thread(s, "C1", TS),
    "tickets.accepted": lambda s, t: tickets.accepted(s, since=None, limit=10),
    "tickets.find": lambda s, t: tickets.find(s, "Secret Message"),
    "tickets.first_of_incident": lambda s, t: tickets.first_of_incident(s, 1),
    "tickets.get": lambda s, t: tickets.get(s, t.ticket.id),
    "tickets.judged": lambda s, t: tickets.judged(s, merged={}, limit=10),
    "tickets.likely_duplicates": lambda s, t: tickets.likely_duplicates(s, "Secret Message", t.customer.id),
    "tickets.list_tickets": lambda s, t: tickets.list_tickets(s, done=None),
    "tickets.of_thread": lambda s, t: tickets.of_thread(s, "C1", TS),
    "tickets.resolve": lambda s, t: tickets.resolve(s, "secret"),
}

# What writes: with an id or an object of another workspace it must fail, or leave that workspace as it was.
WRITES: dict[str, Callable[[Session, Any], Any]] = {
    "preferences.mute": lambda s, t: preferences.mute(s, "UAGENT", Notice.NEWS),
    "preferences.set_budget": lambda s, t: preferences.set_budget(s, "C1", 5),
    "preferences.set_quiet": lambda s, t: preferences.set_quiet(s, "UAGENT", None),
    "preferences.unmute": lambda s, t: preferences.unmute(s, "UAGENT", Notice.NEWS),
    "categories.add": lambda s, t: categories.add(s, "Secret Category", ["d", "e", "f"], taken={}),
    "categories.add_examples": lambda s, t: categories.add_examples(s, t.category.key, ["d"]),
    "categories.begin": lambda s, t: categories.begin(s, {t.category.key: "Mine"}),
    "categories.merge": lambda s, t: categories.merge(s, "bug", "howto", taken={"bug": "Bug"}),
    "categories.rename": lambda s, t: categories.rename(s, t.category.key, "Mine", taken={t.category.key: "x"}),
    "channels.group_by": lambda s, t: channels.group_by(s, theft(s, t.link), "thread"),
    "channels.seen": lambda s, t: channels.seen(s, "C1", name="mine"),
    "channels.set_triage": lambda s, t: channels.set_triage(s, "C2"),
    "channels.show_cards_in": lambda s, t: channels.show_cards_in(s, theft(s, t.link), "C9"),
    "contacts.add": lambda s, t: contacts.add(s, name="Mine", customer_id=t.customer.id),
    "contacts.add_member": lambda s, t: contacts.add_member(s, Member(id="U8", name="I"), customer_id=t.customer.id),
    "contacts.follow": lambda s, t: contacts.follow(s, Member(id="U9", name="I"), was_called="U9", had_email=None),
    "customers.add": lambda s, t: customers.add(s, name="Mine", owner_id="USTRANGER"),
    "customers.assign": lambda s, t: customers.assign(s, theft(s, t.customer), "UREP"),
    "customers.update": lambda s, t: customers.update(s, theft(s, t.customer), name="Mine"),
    "deals.add": lambda s, t: deals.add(s, name="Mine", customer_id=t.customer.id),
    "deals.lose": lambda s, t: deals.lose(s, theft(s, t.deal)),
    "deals.move": lambda s, t: deals.move(s, theft(s, t.deal), "proposal"),
    "deals.put": lambda s, t: deals.put(s, theft(s, t.deal), t.stage.id),
    "deals.touch": lambda s, t: deals.touch(s, t.deal.id),
    "deals.transfer": lambda s, t: deals.transfer(s, theft(s, t.deal), t.stage.pipeline_id),
    "deals.win": lambda s, t: deals.win(s, theft(s, t.deal)),
    "schedules.add": lambda s, t: schedules.add(s, name="Mine", at_time=time(9), zone="UTC", owner_id="USTRANGER"),
    "runs.keep": lambda s, t: runs.keep(
        s, name="Mine", period=TODAY, digest=t.digest, target_user="UMANAGER", delivery_id=t.run.delivery_id, numbers=[]
    ),
    "schedules.change": lambda s, t: schedules.change(
        s,
        theft(s, t.digest),
        name="Mine",
        at_time=time(9),
        zone="UTC",
        content="both",
        frequency="daily",
        weekday=None,
        scope="everyone",
    ),
    "schedules.remove": lambda s, t: schedules.remove(s, theft(s, t.digest)),
    "schedules.start": lambda s, t: schedules.start(s, theft(s, t.digest)),
    "schedules.stop": lambda s, t: schedules.stop(s, theft(s, t.digest)),
    "followups.add": lambda s, t: followups.add(s, text="Mine", due_at=SOON, zone="UTC", owner_id="UREP", about=t.deal),
    "followups.cancel": lambda s, t: followups.cancel(s, theft(s, t.followup)),
    "followups.done": lambda s, t: followups.done(s, theft(s, t.followup)),
    "followups.hand_over": lambda s, t: followups.hand_over(s, theft(s, t.followup), "UREP"),
    "followups.reschedule": lambda s, t: followups.reschedule(s, theft(s, t.followup), SOON + timedelta(days=2)),
    "followups.reopen": lambda s, t: followups.reopen(s, theft(s, t.followup)),
    "followups.snooze": lambda s, t: followups.snooze(s, theft(s, t.followup), SOON + timedelta(days=1)),
    "throttle.hold": lambda s, t: throttle.hold(s, theft(s, t.held), Notice.TICKETS, zone=lambda: BERLIN, now=SOON),
    "throttle.send_now": lambda s, t: throttle.send_now(s, t.held.id),
    "labels.changed": lambda s, t: labels.changed(s, t.message),
    "labels.correct": lambda s, t: labels.correct(s, t.message, "billing", actor_id="UREP"),
    "labels.take_back": lambda s, t: labels.take_back(s, theft(s, t.message)),
    "messages.classified": lambda s, t: messages.classified(
        s, theft(s, t.message), category="x", confidence=1.0, reasons=[], model_version="1", abstained=False
    ),
    "messages.deleted": lambda s, t: messages.deleted(s, theft(s, t.message), SOON),
    "messages.edited": lambda s, t: messages.edited(s, theft(s, t.message), "Mine", SOON),
    "messages.receive": lambda s, t: messages.receive(
        s, channel_id="C1", ts=TS, text="Mine", author_id="U9", customer_id=t.customer.id
    ),
    "model_versions.keep": lambda s, t: model_versions.keep(
        s, version="mine", figures={}, last_label_id=0, weights=b"mine", promote=True
    ),
    "model_versions.make_live": lambda s, t: model_versions.make_live(s, None),
    "notes.unsaved": lambda s, t: s.add(notes.unsaved(s, t.customer, "Mine", kind=notes.NoteKind.NOTE)),
    "notes.touch": lambda s, t: notes.touch(s, notes.about(s, t.deal)),
    "notes.add": lambda s, t: notes.add(s, t.customer, "Mine"),
    "pipelines.add_with": lambda s, t: pipelines.add_with(s, "Mine", ["First"]),
    "pipelines.begin_in": lambda s, t: pipelines.begin_in(s, theft(s, t.pipeline)),
    "pipelines.enter": lambda s, t: pipelines.enter(s, t.stage.id),
    "pipelines.held": lambda s, t: pipelines.held(s, t.stage.id),
    "pipelines.shift": lambda s, t: pipelines.shift(s, theft(s, t.stage), up=False),
    "replies.change": lambda s, t: replies.change(s, theft(s, t.saved), name="Mine", text="Mine"),
    "replies.draft": lambda s, t: replies.draft(s, t.ticket, "Mine", author_id="UAGENT"),
    "replies.remove": lambda s, t: replies.remove(s, theft(s, t.saved)),
    "replies.save": lambda s, t: replies.save(s, "Secret Reply", "Mine"),
    "replies.send": lambda s, t: replies.send(s, theft(s, t.reply), t.ticket, renderer="triage.reply"),
    "replies.send_file": lambda s, t: replies.send_file(
        s, theft(s, t.reply), t.ticket, {"name": "Mine"}, renderer="triage.reply_file"
    ),
    "ratings.answer": lambda s, t: ratings.answer(s, theft(s, t.rating), 5),
    "ratings.ask": lambda s, t: ratings.ask(s, theft(s, t.ticket), renderer="triage.rating"),
    "ratings.take_back": lambda s, t: ratings.take_back(s, theft(s, t.ticket)),
    "ratings.decide": lambda s, t: ratings.decide(s, asked=False),
    "permissions.ask": lambda s, t: permissions.ask(s, "deal", t.deal.id, "UREP", None, SOON),
    "permissions.decide": lambda s, t: permissions.decide(s, t.permission.id, by="UREP", allowed=False, now=SOON),
    "tickets.add": lambda s, t: tickets.add(s, name="Mine", customer_id=t.customer.id),
    "tickets.answered": lambda s, t: tickets.answered(s, "C1", TS, SOON),
    "tickets.assign": lambda s, t: tickets.assign(s, theft(s, t.ticket), "UREP"),
    "tickets.dismiss": lambda s, t: tickets.dismiss(s, theft(s, t.ticket), category="other", actor_id=None),
    "tickets.group": lambda s, t: tickets.group(s, t.message),
    "tickets.lock": lambda s, t: tickets.lock(s, "C1"),
    "tickets.merge": lambda s, t: tickets.merge(
        s, theft(s, t.ticket), tickets.add(s, name="Mine") and tickets.add(s, name="Mine too"), learn=False
    ),
    "tickets.open_from_message": lambda s, t: tickets.open_from_message(s, t.message),
    "tickets.responded": lambda s, t: tickets.responded(s, theft(s, t.ticket)),
    "tickets.set_category": lambda s, t: tickets.set_category(s, theft(s, t.ticket), "billing", actor_id=None),
    "tickets.set_priority": lambda s, t: tickets.set_priority(s, theft(s, t.ticket), "urgent"),
    "tickets.set_status": lambda s, t: tickets.set_status(s, theft(s, t.ticket), "closed"),
    "tickets.stand": lambda s, t: tickets.stand(s, theft(s, t.ticket), "closed"),
    "tickets.settle": lambda s, t: tickets.settle(s, theft(s, t.ticket)),
    "tickets.split": lambda s, t: tickets.split(s, theft(s, t.message)),
    "tickets.take": lambda s, t: tickets.take(s, theft(s, t.ticket), "UAGENT"),
    "tickets.worked_on": lambda s, t: tickets.worked_on(s, theft(s, t.ticket)),
}


# The last is a deal without its stage, which is not to be seen.
REFUSALS = (IntegrityError, StaleDataError, NotFound, AttributeError)


def again(database: Database, workspace_id: str, known: SimpleNamespace) -> SimpleNamespace:
    """Read the records anew, as an attempt leaves its marks on the objects it is given."""
    with database.transaction(workspace_id) as session:
        return SimpleNamespace(
            **{name: session.get_one(type(row), inspect_row(row).identity) for name, row in vars(known).items()}
        )


def theft(session: Session, record: Any) -> Any:
    """Attach another workspace's object to the session, as code that mixes up two requests would."""
    session.add(record)
    return record


def public_functions() -> set[str]:
    found = set()
    for module in MODULES:
        for name, function in vars(module).items():
            if inspect.isfunction(function) and not name.startswith("_") and belongs(function, module):
                first = next(iter(inspect.signature(function).parameters), None)
                if first == "session":
                    found.add(f"{module.__name__.rpartition('.')[2]}.{name}")
    return found


def belongs(function: Any, module: ModuleType) -> bool:
    return bool(function.__module__ == module.__name__ or function.__module__.startswith(f"{module.__name__}."))


def snapshot(database: Database, workspace_id: str) -> dict[str, list[str]]:
    with database.transaction(workspace_id) as session:
        return {
            table.name: sorted(session.scalars(text(f"SELECT t::text FROM {table.name} AS t")))
            for table in Base.metadata.sorted_tables
            if table.info.get("rls") in {"tenant", "queue"} and table.schema is None
        }


def test_every_function_is_listed() -> None:
    assert public_functions() == READS.keys() | WRITES.keys()


def test_a_stranger_reads_nothing(stranger: Session, theirs: SimpleNamespace) -> None:
    seen = {}
    for name, read in READS.items():
        try:
            found = read(stranger, theirs)
        except NotFound as nothing:
            found = [] if name.startswith("pipelines") else nothing.candidates
        if found:
            seen[name] = found
    assert seen == {}


def test_a_stranger_changes_nothing(
    database: Database, workspace: str, second_workspace: str, theirs: SimpleNamespace
) -> None:
    before = snapshot(database, workspace)
    for name, write in WRITES.items():
        with contextlib.suppress(*REFUSALS), database.transaction(second_workspace) as session:
            write(session, again(database, workspace, theirs))
        assert snapshot(database, workspace) == before, name


def test_the_stranger_would_have_seen_it_in_its_own_workspace(database: Database, workspace: str) -> None:
    with database.transaction(workspace) as session:
        mine = everything(session)
        blind = {"metrics.team", "subjects.called", "pipelines.default", "named.at_version", "named.is_current"}
        blind |= {"ratings.called", "subjects.subject_of", "tickets.first_of_incident"}
        for name, read in READS.items():
            if name not in blind:
                with session.begin_nested() as undone:
                    assert read(session, mine), name
                    undone.rollback()
        session.rollback()
