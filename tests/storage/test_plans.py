"""Show that every query a command runs reads about what it returns, however large the workspace is.

As the application role, with 100,000 customers in one workspace and 1,000 in another, no node of a plan may read more
than 10 times the rows returned plus 10, rows that a filter removes included. What a sum or count adds up counts as
returned. `auto_explain` shows the plans as they ran, also of statements inside functions and triggers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from functools import partial
from typing import Any

import pytest
from sqlalchemy import NullPool, create_engine, event, make_url, text
from sqlalchemy.orm import Session

from storage.crm import contacts, customers, deals, followups, notes, pipelines
from storage.crm.customer_overview import glance
from storage.crm.deals import DEAL
from storage.database.engine import EVERY_WORKSPACE, Database
from storage.database.policies import filling
from storage.digests import metrics, schedules
from storage.digests.metrics import Cut, Metric, Part, Period
from storage.errors import Ambiguous, NotFound
from storage.queues import due
from storage.records import listing, named, search
from storage.records.comparisons import Fields
from storage.records.declaration import Declaration
from storage.records.history import timeline
from storage.records.query import parse_query
from storage.records.schema import choice_definitions
from storage.support import (
    answers,
    channels,
    experience,
    incident_reports,
    labels,
    messages,
    reactions,
    replies,
    routes,
    sla,
    tickets,
)
from storage.workspace.members import Member, MemberKind, Role
from storage.workspace.workspaces import Workspace
from tests.support import big_workspace, own_fields
from tests.support.cluster import Cluster
from tests.support.filter_values import Said
from tests.support.plan_filters import PAIRS, asked
from tests.support.plans import excess, nodes, read
from tests.support.workspaces import SECOND_WORKSPACE, WORKSPACE

NOW = datetime.now(UTC)
TODAY = Period(NOW - timedelta(days=1), NOW + timedelta(minutes=1))
SIZES = {WORKSPACE: 100_000, SECOND_WORKSPACE: 1_000}

# Names of two words of two to four syllables, some thousand of each, drawn by a hash of the row's number.
FILL = """
CREATE FUNCTION word(seed bigint) RETURNS text LANGUAGE sql IMMUTABLE AS $$
    SELECT string_agg(
        substr('bdfgklmnprstvz', ((h >> (8 * i)) % 14)::integer + 1, 1)
        || substr('aeiou', ((h >> (8 * i + 4)) % 5)::integer + 1, 1), ''
    ) FROM generate_series(0, 1 + (seed % 3)::integer) AS i, abs(hashint8(seed)::bigint) AS h
$$;
CREATE TEMP TABLE word AS SELECT i, word(i) AS word FROM generate_series(0, 2999) AS i;
CREATE TEMP TABLE named AS
SELECT n AS i, first.word || ' ' || second.word || (ARRAY[' gmbh', ' inc', ' ltd', ' corp', ''])[n % 5 + 1] AS name
FROM generate_series(1, :n) AS n
JOIN word AS first ON first.i = hashint8(n)::bigint & 1023
JOIN word AS second ON second.i = 1024 + (hashint8(n * 7)::bigint & 1023);
INSERT INTO customer (workspace_id, id, name, name_key, find_key, domain, tier, owner_id, version, created_at)
SELECT :w, i, name, name, name || ' d' || i || '.example', 'd' || i || '.example',
    (ARRAY['gold', 'silver', NULL])[i % 3 + 1], 'U' || i % 200, 1, now() - i * interval '1 hour'
FROM named;
INSERT INTO contact (workspace_id, id, name, name_key, find_key, email, email_key, customer_id, slack_user_id, version)
SELECT :w, i, name, name, name || ' p' || i || '@example.com', 'p' || i || '@example.com',
    'p' || i || '@example.com', i, 'UX' || i, 1
FROM named WHERE i <= :n / 10;
INSERT INTO deal (workspace_id, id, name, name_key, find_key, customer_id, stage_id, status, closed_at, amount_minor,
    currency, close_on, owner_id, version, created_at, touched_at, closed_reason)
SELECT :w, i, named.name, named.name, named.name, i, stage.id, stage.outcome,
    CASE WHEN stage.outcome <> 'open' THEN now() - i * interval '1 hour' END, 100 * (hashint8(i)::bigint & 65535),
    (ARRAY['EUR', 'USD', 'JPY'])[i % 3 + 1], current_date + (i % 400)::integer, 'U' || i % 200, 1,
    now() - i * interval '1 hour', now() - (i % 40) * interval '1 day',
    CASE WHEN stage.outcome = 'lost' AND i % 5 = 0 THEN (SELECT '~' || id FROM choice WHERE workspace_id = :w) END
FROM named
JOIN stage ON stage.workspace_id = :w AND stage.position = CASE WHEN i % 10 < 6 THEN 5 + i % 2 ELSE i % 4 + 1 END
WHERE i <= :n / 4;
INSERT INTO ticket (workspace_id, id, name, name_key, find_key, customer_id, status, standing, priority, category,
    assignee_id, resolved_at, first_response_at, channel_id, thread_ts, version, created_at)
SELECT :w, i, name, name, name, i, stood.status, stood.status,
    (ARRAY['low', 'normal', 'high', 'urgent'])[i % 4 + 1], (ARRAY['bug', 'billing', 'howto'])[i % 3 + 1],
    'U' || i / 10 % 200, CASE WHEN i % 10 > 0 THEN now() - i * interval '1 hour' END, now() - i * interval '1 hour',
    'C' || i % 50, i || '.000100', 1, now() - (i + 3) * interval '1 hour'
FROM named CROSS JOIN LATERAL (SELECT CASE WHEN i % 10 = 0 THEN 'open' ELSE 'closed' END AS status) AS stood
WHERE i <= :n / 4;
INSERT INTO followup (workspace_id, id, text, due_at, zone, owner_id, about_noun, about_id, status, closed_at, version)
SELECT :w, i, 'call back', now() + (i - 50) * interval '1 hour', 'UTC', 'U' || i % 200, 'deal', i,
    CASE WHEN i % 4 = 0 THEN 'open' ELSE 'done' END, CASE WHEN i % 4 > 0 THEN now() END, 1
FROM named WHERE i <= :n / 10;
INSERT INTO note (workspace_id, kind, text, at, about_noun, about_id)
SELECT :w, 'note', 'asked for a quote', now() - i * interval '1 hour', 'customer', i % (:n / 10) + 1
FROM named WHERE i <= :n / 5;
INSERT INTO channel (workspace_id, id, name) SELECT :w, 'C' || i, 'c' || i FROM named WHERE i <= 1000;
INSERT INTO channel_link (workspace_id, channel_id, use, customer_id)
SELECT :w, 'C' || i, 'customer', i FROM named WHERE i <= 1000;
WITH put AS (
    INSERT INTO message (workspace_id, at, channel_id, ts, customer_id, ticket_id, text, category)
    SELECT :w, now() - i * interval '1 hour', 'C' || i % 50, i || '.000100', i, i, 'It does not work', 'bug'
    FROM named WHERE i <= :n / 10 RETURNING *
)
INSERT INTO message_key SELECT workspace_id, channel_id, ts, id, at FROM put;
INSERT INTO label (workspace_id, message_id, message_at, old_category, new_category)
SELECT workspace_id, id, at, 'bug', 'billing' FROM message WHERE workspace_id = :w AND id % 10 = 0;
INSERT INTO sla_clock (workspace_id, ticket_id, kind, priority, target_minutes, started_at, used_seconds, met_at,
    breached_at, running_since, due_at, warn_at)
SELECT workspace_id, id, kind, priority, 480, created_at, 60, resolved_at,
    CASE WHEN resolved_at IS NOT NULL AND id % 3 = 0 THEN resolved_at - interval '1 minute' END,
    CASE WHEN resolved_at IS NULL THEN created_at END,
    CASE WHEN resolved_at IS NULL THEN now() + (id - 500) * interval '1 minute' END,
    CASE WHEN resolved_at IS NULL THEN now() + (id - 600) * interval '1 minute' END
FROM ticket, unnest(ARRAY['first_response', 'resolution']) AS kind WHERE workspace_id = :w;
INSERT INTO sla_pause (workspace_id, ticket_id, starts_at)
SELECT workspace_id, id, resolved_at FROM ticket WHERE workspace_id = :w AND resolved_at IS NOT NULL;
DROP FUNCTION word(bigint)
"""
# The trigram indexes are made again after the rows, which takes a third of the time.
TRIGRAMS = "SELECT indexname, indexdef FROM pg_indexes WHERE indexdef LIKE '%gin_trgm_ops%' AND schemaname = 'public'"


@pytest.fixture(scope="module")
def full(cluster: Cluster, template: str) -> Iterator[Database]:
    """Fill a database and have it tell the plan of every statement."""
    url = cluster.create(template)
    database = Database(url, pool_size=2)
    for workspace_id in SIZES:
        with database.transaction(workspace_id) as session:
            session.add(Workspace(id=workspace_id, name="Large"))
            session.flush()
            session.add_all(
                Member(
                    workspace_id=workspace_id, id=f"U{i}", name=f"Member {i}", roles=[Role.REP], kind=MemberKind.STAFF
                )
                for i in range(1000)
            )
            pipelines.default(session)
            sla.set_target(session, resolution_minutes=480)
            own_fields.define(session)
            choice_definitions.define(session, "deal", "closed_reason", name="Price", kind="lost")
    fill(url)
    name = make_url(url).database
    for setting in (
        "session_preload_libraries = 'auto_explain'",
        "auto_explain.log_min_duration = 0",
        "auto_explain.log_analyze = on",
        "auto_explain.log_timing = off",
        "auto_explain.log_nested_statements = on",
        "auto_explain.log_format = json",
        "auto_explain.log_level = notice",
    ):
        cluster.run(f"ALTER DATABASE {name} SET {setting}")
    database.dispose()
    told = Database(url, pool_size=2)
    yield told
    told.dispose()
    cluster.drop(url)


def fill(url: str) -> None:
    engine = create_engine(url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
    with engine.connect() as connection:
        indexes = connection.execute(text(TRIGRAMS)).all()
        for name, _ in indexes:
            connection.execute(text(f"DROP INDEX {name}"))
        connection.execute(text("SET session_replication_role = replica"))
        for workspace_id, size in SIZES.items():
            for statement in (*FILL.split(";\n"), *big_workspace.ROWS.split(";\n"), own_fields.ROWS):
                values = {"w": workspace_id, "n": size}
                connection.execute(text(statement), {name: values[name] for name in values if f":{name}" in statement})
            connection.execute(text("DROP TABLE word, named"))
        for _, definition in indexes:
            connection.execute(text(definition))
        connection.execute(text("SET session_replication_role = origin"))
        for noun, address in (("customer", "domain"), ("contact", "email_key"), ("deal", None), ("ticket", None)):
            connection.execute(text(filling(noun, noun, address)))
        connection.execute(text("ANALYZE"))


Plans = list[dict[str, Any]]


@pytest.fixture
def plans(full: Database) -> Iterator[Plans]:
    """Collect the plans of what runs on the pool's connections."""
    told: Plans = []

    def hear(diagnostic: Any) -> None:
        message = diagnostic.message_primary or ""
        if message.startswith("duration:"):
            told.append(json.loads(message.partition("plan:")[2]))

    def listen(connection: Any, *_: Any) -> None:
        connection.add_notice_handler(hear)

    full.engine.dispose()
    event.listen(full.engine, "connect", listen)
    yield told
    event.remove(full.engine, "connect", listen)


def listed(fields: Fields, rows: Callable[..., Any], typed: str, **more: Any) -> Callable[[Session], Any]:
    def run(session: Session) -> Any:
        query = parse_query(typed)
        where = query.where(session, fields, Said())
        return rows(session, *where, order_by=query.order_by(fields), **more)

    return run


def turned(noun: Declaration, typed: str, beyond: Callable[[Session], Any], **how: Any) -> Callable[[Session], Any]:
    def run(session: Session) -> Any:
        return listing.page(session, noun, parse_query(typed), Said(), limit=10, beyond=beyond(session), **how)

    return run


QUERIES: dict[str, Callable[[Session], Any]] = {
    "customer by reference": lambda s: customers.resolve(s, "C-77"),
    "customer by name": lambda s: customers.resolve(s, customers.get(s, 501).name),
    "customer by domain": lambda s: customers.resolve(s, "d471.example"),
    "customer by beginning": lambda s: customers.resolve(s, customers.get(s, 501).name[:-1]),
    "customer by a beginning of many": lambda s: customers.resolve(s, "ba"),
    "customer by typo": lambda s: customers.resolve(s, misspelt(customers.get(s, 501).name)),
    "customer search": lambda s: customers.find(s, misspelt(customers.get(s, 31).name)),
    "customer duplicates": lambda s: customers.likely_duplicates(s, customers.get(s, 501).name, "d471.example"),
    "customer list": lambda s: customers.list_customers(s),
    "customer second page": lambda s: customers.list_customers(s, after=customers.get(s, 501)),
    "customers of an owner": lambda s: customers.list_customers(s, owner_id="U7"),
    "customers of a tier": lambda s: customers.list_customers(s, tier="gold"),
    "customers newest first": listed(customers.CUSTOMER.filters, customers.list_customers, "sort:-created"),
    "a glance at a customer": lambda s: glance(s, 77, deals=6, tickets=4, notes=3),
    "contact by address": lambda s: contacts.resolve(s, "p77@example.com"),
    "contact by slack user": lambda s: contacts.by_slack_user(s, "UX77"),
    "contacts of a customer": lambda s: contacts.list_contacts(s, customer_id=77),
    "contacts": lambda s: contacts.list_contacts(s),
    "contact duplicates": lambda s: contacts.likely_duplicates(s, "nobody", "p77@example.com"),
    "deal by reference": lambda s: deals.resolve(s, "D-77"),
    "deal by name": lambda s: deals.resolve(s, deals.get(s, 201).name),
    "deal search": lambda s: deals.find(s, misspelt(deals.get(s, 201).name)),
    "deal duplicates": lambda s: deals.likely_duplicates(s, deals.get(s, 201).name, customer_id=7),
    "deals": lambda s: deals.list_deals(s),
    "my deals": lambda s: deals.list_deals(s, owner_id="U6"),
    "deals of a customer": lambda s: deals.list_deals(s, customer_id=77, closed=None),
    "deals of a stage": lambda s: deals.list_deals(s, stage_id=pipelines.resolve_stage(s, "lead").id),
    "closed deals": lambda s: deals.list_deals(s, closed=True),
    "my closed deals": lambda s: deals.list_deals(s, owner_id="U7", closed=True),
    "largest deals": listed(DEAL.filters, deals.list_deals, "sort:-amount"),
    "large deals": listed(DEAL.filters, deals.list_deals, "amount>10k sort:-amount"),
    "my deals that close soon": listed(DEAL.filters, deals.list_deals, f"owner:6 close<{date.today() + timedelta(30)}"),
    "deals won": listed(DEAL.filters, deals.list_deals, "status:won sort:-closed", closed=None),
    "deals lost for a reason": own_fields.two_pages("reason:price", DEAL),
    "deals of a stage by text": listed(DEAL.filters, deals.list_deals, "stage:lead"),
    "a second page of deals": turned(DEAL, "", lambda s: [str(deals.get(s, 4).close_on), 4]),
    "a page of deals without a day": turned(DEAL, "", lambda _s: [None, 4]),
    "a page back": turned(DEAL, "", lambda s: [str(deals.get(s, 4).close_on), 4], back=True),
    "a second page of the largest deals": turned(DEAL, "sort:-amount", lambda s: [deals.get(s, 4).amount_minor, 4]),
    "a second page of closed deals": turned(
        DEAL, "closed>2000-01-01", lambda s: [str(deals.list_deals(s, closed=True)[0].closed_at), 4]
    ),
    "a second page of customers": turned(customers.CUSTOMER, "", lambda s: [customers.get(s, 501).name_key, 501]),
    "a deal's moves": lambda s: pipelines.changes(s, 77),
    "ticket by reference": lambda s: tickets.resolve(s, "T-77"),
    "ticket by thread": lambda s: tickets.by_thread(s, "C27", "77.000100"),
    "ticket search": lambda s: tickets.find(s, misspelt(tickets.get(s, 201).name)),
    "ticket duplicates": lambda s: tickets.likely_duplicates(s, tickets.get(s, 200).name, customer_id=200),
    "tickets": lambda s: tickets.list_tickets(s),
    "my tickets": lambda s: tickets.list_tickets(s, assignee_id="U7"),
    "unassigned tickets": lambda s: tickets.list_tickets(s, unassigned=True),
    "tickets of a customer": lambda s: tickets.list_tickets(s, customer_id=77, done=None),
    "tickets of a status": listed(tickets.TICKET.filters, tickets.list_tickets, "status:open"),
    "tickets of a status nobody has": listed(tickets.TICKET.filters, tickets.list_tickets, "status:waiting"),
    "tickets of a category": lambda s: tickets.list_tickets(s, category="billing"),
    "resolved tickets": lambda s: tickets.list_tickets(s, done=True),
    "my tickets by text": listed(tickets.TICKET.filters, tickets.list_tickets, "owner:7"),
    "clocks of a ticket": lambda s: sla.of_ticket(s, 77),
    "a clock": lambda s: sla.get(s, 80, sla.RESOLUTION),
    "late tickets": lambda s: sla.late(s, until=NOW, limit=8),
    "late tickets by text": turned(tickets.TICKET, f"promised<{date.today()}", lambda _s: None),
    "promises of a month": lambda s: sla.outcomes(s, since=NOW - timedelta(days=30), until=NOW),
    "a ticket's clocks set anew": lambda s: sla.changed(s, tickets.get(s, 80), NOW),
    "open tickets' clocks set anew": lambda s: sla.recount(s, NOW, limit=3),
    "search": lambda s: search.find(s, misspelt(customers.get(s, 31).name)),
    "search for what is not there": lambda s: search.find(s, "qqqq wwww"),
    "search by reference": lambda s: search.find(s, "D-77"),
    "message by ts": lambda s: messages.by_ts(s, "C27", "77.000100"),
    "messages of a ticket": lambda s: messages.of_ticket(s, 77),
    "labels of a message": lambda s: labels.of_message(s, one_message(s)),
    "tickets of a thread": lambda s: messages.tickets_of_thread(s, "C28", "78.000100"),
    "replies without a ticket": lambda s: messages.without_ticket(s, "C27", "77.000100", NOW - timedelta(days=90)),
    "a ticket of a thread": lambda s: tickets.of_thread(s, "C27", "77.000100"),
    "newest message of a ticket": lambda s: messages.newest_of_ticket(s, 78),
    "route of a ticket": lambda s: routes.match(s, category="bug", tier="gold", language="en"),
    "first answer in a thread": lambda s: answers.first(s, "C27", "77.000100", NOW - timedelta(days=365)),
    "what a ticket may be folded under": lambda s: incident_reports.candidates(s, tickets.get(s, 77), "CCARDS", NOW),
    "how tickets of a category ended": lambda s: experience.resolved(s, "bug", without=77),
    "who usually handles a category": lambda s: experience.usual(s, "bug", NOW),
    "a reaction": lambda s: reactions.is_held(s, "C27", "77.000100", "eyes"),
    "a card by ts": lambda s: reactions.card_of(s, "D77", "77.000400"),
    "replies sent": lambda s: replies.sent(s, 77),
    "a draft": lambda s: replies.draft_of(s, tickets.get(s, 77), "U77"),
    "labels since": lambda s: labels.last_words(s, after=0, limit=10),
    "channel link": lambda s: channels.link_of(s, "C7"),
    "channels of a customer": lambda s: channels.links(s, customer_id=7),
    "notes": lambda s: notes.about(s, customers.get(s, 77)),
    "my follow-ups": lambda s: followups.list_followups(s, owner_id="U4"),
    "follow-ups": lambda s: followups.list_followups(s, due_before=NOW),
    "follow-ups of a deal": lambda s: followups.list_followups(s, about=deals.get(s, 4)),
    "digests": lambda s: schedules.list_digests(s, owner_id="U7"),
    "timeline": lambda s: timeline(s, "customer", 77),
    "a record's version": lambda s: named.at_version(s, customers.get(s, 77), 1),
    "the pipeline": lambda s: metrics.pipeline(s, TODAY),
    "the backlog": lambda s: metrics.backlog(s, TODAY),
    "a digest": lambda s: metrics.digest(s, TODAY),
    # Not of stalled deals: those here were touched at only 40 moments, and each has to be read whole to be in order.
    **{
        f"what is behind {figure}": partial(metrics.identities, figure=figure, period=TODAY)
        for figure in Metric
        if figure is not Metric.DEALS_STALLED
    },
    "what is behind a stage": lambda s: metrics.identities(
        s, Metric.DEALS_OPEN, TODAY, Part(Cut.STAGE, str(pipelines.resolve_stage(s, "lead").id)), limit=50
    ),
    **{
        f"what is behind the backlog of {part.value}": partial(
            metrics.identities, figure=Metric.TICKETS_BACKLOG, period=TODAY, part=part, limit=50
        )
        for part in (Part(Cut.CATEGORY, "bug"), Part(Cut.PRIORITY, "low"))
    },
    "a team": lambda s: metrics.team(s, "U7"),
    **{f"count of {figure}": partial(metrics.count, figure=figure, period=TODAY) for figure in Metric},
    **{
        f"my {figure}": partial(metrics.count, figure=figure, period=Period(TODAY.since, TODAY.until, ["U6"]))
        for figure in (Metric.DEALS_OPEN, Metric.DEALS_STALLED, Metric.FOLLOWUPS_OVERDUE, Metric.TICKETS_BACKLOG)
    },
}


QUERIES |= {f"customers by fields of their own: {typed}": own_fields.two_pages(typed) for typed in own_fields.QUERIES}
QUERIES |= {
    f"{noun.key} {typed}": turned(noun, typed, lambda _session: None)
    for noun in (customers.CUSTOMER, contacts.CONTACT, deals.DEAL)
    for typed in asked(noun.key)
}


def misspelt(name: str) -> str:
    """Swap two letters in the middle of the first word."""
    return name[:2] + name[3] + name[2] + name[4:]


def one_message(session: Session) -> messages.IncomingMessage:
    found = messages.by_ts(session, "C27", "77.000100")
    assert found is not None
    return found


@pytest.mark.parametrize("workspace_id", SIZES)
@pytest.mark.parametrize("query", QUERIES)
def test_a_query_reads_about_what_it_returns(full: Database, plans: Plans, workspace_id: str, query: str) -> None:
    # Seven times on one connection: after the fifth the server may choose a plan without looking at the values.
    for _ in range(7):
        with full.transaction(workspace_id) as session:
            try:
                QUERIES[query](session)
            except (NotFound, Ambiguous):
                assert "beginning" in query or "typo" in query or "name" in query, query
    assert plans
    assert [line for plan in plans for line in excess(plan)] == []


@pytest.mark.parametrize(("noun", "one", "other"), PAIRS, ids=lambda part: str(getattr(part, "key", part)))
def test_two_filters_read_no_more_than_the_more_selective_alone(
    full: Database, plans: Plans, noun: Declaration, one: str, other: str
) -> None:
    def most_read(typed: str) -> float:
        plans.clear()
        with full.transaction(WORKSPACE) as session:
            listing.page(session, noun, parse_query(typed), Said(), limit=200_000)
        return max(read(node) for plan in plans for node in nodes(plan["Plan"]))

    alone = min(most_read(one), most_read(other))
    assert most_read(f"{one} {other}") <= alone + 10


def test_a_tick_takes_from_the_front_of_what_is_due(full: Database, plans: Plans) -> None:
    with full.transaction(EVERY_WORKSPACE) as session:
        assert due.materialise(session, 10, next_time=lambda *_given: None) == 10
    assert [line for plan in plans for line in excess(plan)] == []


def test_a_query_that_no_index_serves_is_noticed(full: Database, plans: Plans) -> None:
    with full.transaction(WORKSPACE) as session:
        customers.list_customers(session, customers.Customer.name.ilike("%no such name%"))
    assert any("Scan on customer read" in line for plan in plans for line in excess(plan))


def test_plans_inside_functions_are_seen(full: Database, plans: Plans) -> None:
    with full.transaction(WORKSPACE) as session:
        search.find(session, "acme", nouns=["deal"])
    scanned = [node.get("Index Name") for plan in plans for node in nodes(plan["Plan"])]
    assert "record_words_idx" in scanned
