"""Show that whoever may not see a field cannot tell, in any surface, whether records have a value in it.

Two workspaces are the same but for the values of fields that only managers see. Everything is used in both: what a rep
hears, and what a channel reads of what an admin does, is the same word for word.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from bot.delivery.renderer import Renderings
from bot.registry import Registry
from bot.requests.request import RequestKind
from storage.crm import customers
from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.digests import schedules
from storage.queues import outbox
from storage.queues.outbox import Delivery
from storage.records import history, lifecycle, schema
from storage.records.schema import field_definitions
from storage.support import channels
from storage.transfer import mapping
from storage.transfer.exports.records import RecordTable
from storage.workspace import members
from storage.workspace.members import MemberKind, Role
from tests.support.answers import view_of
from tests.support.hearing import agent, heard, plain, told, typed
from tests.support.office import HERE, WORDS, Office, Use, entered, furnish, said
from tests.support.programs import Programs

WITH, WITHOUT = "T0ACME", "T0OTHER"
CANARIES = ("quarzwerk", "17171", "48211")
"""What is in the fields that a rep may not see; nobody types it but in what is to be refused."""
NOUNS = ("customer", "contact", "deal", "ticket", "site_finch")
LINES = (
    "/customer list", "/customer list secret:quarzwerk", "/customer list secret:none", "/customer list salary>1",
    "/customer list sort:-salary", "/customer list quarzwerk", "/customer find quarzwerk", "/customer show C-1",
    "/customer edit C-1", "/customer edit C-1 secret:quarzwerk", "/customer add Newcomer salary:5",
    "/customer show quarzwerk", "/customer edit C-1 domain:other.example", "/crm history C-1", "/crm undo",
    "/crm history C-1", "/customer merge C-2 into C-1", "/customer show C-1", "/crm undo", "/deal list salary:48211",
    "/deal show D-1", "/deal list", "/ticket show T-1", "/ticket list secret:quarzwerk", "/crm contact show P-1",
    "/crm site_finch show finch", "/crm site_finch list", "/crm fields customer", "/crm help customer",
    "/crm history D-1", "/crm find quarzwerk", "/digest now", "/crm renewal list", "/crm history S-1",
    "/customer list gold", "/customer list tier:gold", "/customer list sort:tier",
    "/digest now salary:48211", "/digest now pipeline secret:quarzwerk", "/digest explain open salary:48211",
    "/digest explain open tier:gold", "/customer list as:csv",
    "/customer list secret:quarzwerk as:csv", "/customer find quarzwerk as:csv",
)  # fmt: skip


@pytest.fixture
def marked() -> Iterator[None]:
    """Have the tier of customers marked in their declaration, as a plugin would mark a field of its own."""
    tier = CUSTOMER.field("tier")
    object.__setattr__(tier, "seen_by", frozenset({Role.MANAGER}))
    yield
    object.__setattr__(tier, "seen_by", frozenset())


@pytest.fixture
def both(database: Database, workspace: str, second_workspace: str, marked: None) -> tuple[str, str]:
    """Furnish two workspaces alike; only in the first have records values that managers alone see."""
    for one in (workspace, second_workspace):
        with database.transaction(one) as session:
            channels.seen(session, HERE, name="here")
            for name, role in (("UREP", "rep"), ("UMANAGER", "manager"), ("UADMIN", "admin")):
                person = members.ensure(session, name, {"id": name, "name": name.lower(), "tz": "Europe/Berlin"})
                members.set_roles(session, person, [Role(role)])
        furnish(database, one, "finch", 2)
        with database.transaction(one) as session, history.recording(session, actor_id="UADMIN", source="test"):
            schema.see_as(session, None)
            for noun in NOUNS:
                declaration = schema.of(session).declared[noun]
                for name, kind in (("Secret", "text"), ("Salary", "number"), ("Boss", "record")):
                    field_definitions.define(
                        session,
                        declaration,
                        name=name,
                        type=kind,
                        required=name == "Secret",
                        links_to="customer" if kind == "record" else "",
                        seen_by=[Role.MANAGER],
                    )
        if one == workspace:
            fill(database, one, history_too=False)
    assert (workspace, second_workspace) == (WITH, WITHOUT)
    return workspace, second_workspace


def fill(database: Database, workspace: str, *, history_too: bool) -> None:
    """Give every record values of what only managers see; of what is written in the history, by an admin."""
    with database.transaction(workspace) as session:
        if not history_too:
            set_values(session, 17171)
            # As if they had begun with them.
            for noun in NOUNS:
                session.execute(update(schema.of(session).declared[noun].model).values(version=1))
            return
        with history.recording(session, actor_id="UADMIN", source="test"):
            set_values(session, 48211)


def set_values(session: Session, salary: int) -> None:
    schema.see_as(session, None)
    for noun in NOUNS:
        declaration = schema.of(session).declared[noun]
        for record in session.scalars(select(declaration.model)):
            values = {"secret": CANARIES[0], "salary": salary, "boss": 2}
            lifecycle.change(session, declaration, record, values | ({"tier": "gold"} if noun == "customer" else {}))


@pytest.fixture
def office(database: Database, registry: Registry, both: tuple[str, str]) -> Office:
    """Return what handles the requests of both."""
    return Office(database, registry)


def compare(office: Office, uses: Callable[[str], Iterator[Use]], user_id: str) -> int:
    """Use the same in both workspaces, and fail where what is heard differs; return how much was heard."""
    count = 0
    for first, second in zip(uses(WITH), uses(WITHOUT), strict=True):
        if first.name.startswith(("fields.", "nouns.", "transfer.", "webhooks.", "pipeline ", "stage ")):
            # They name definitions, files and stages by numbers that no two workspaces share.
            continue
        one, other = (heard(office, use, at, user_id) for use, at in ((first, WITH), (second, WITHOUT)))
        assert not any(canary in one.replace(first.name, "") for canary in CANARIES if canary not in str(first.body)), (
            first.name,
            one,
        )
        assert one == other, (first.kind, first.name)
        count += len(one) > 100
    return count


@pytest.mark.parametrize("in_history", [False, True])
def test_a_rep_hears_the_same_of_every_command(office: Office, database: Database, in_history: bool) -> None:
    if in_history:
        fill(database, WITH, history_too=True)
    assert compare(office, lambda _at: iter([typed(line) for line in LINES]), "UREP") > 20


def test_a_rep_hears_the_same_of_every_handler_there_is(office: Office) -> None:
    assert compare(office, lambda at: office.uses(at, "UREP", words=WORDS), "UREP") > 100
    reps = {at: office.people.find(at, "UREP") for at in (WITH, WITHOUT)}
    homes = [plain(str([block.to_dict() for block in office.home.draw(known)])) for known in reps.values()]
    assert homes[0] == homes[1]
    assert not any(canary in homes[0] for canary in CANARIES)


def test_a_channel_reads_the_same_of_all_that_an_admin_shares(office: Office) -> None:
    shared = [typed(f"{line} share:yes") for line in LINES if "history" not in line and "undo" not in line]
    assert compare(office, lambda _at: iter(shared), "UADMIN") > 15


def test_a_channel_reads_the_same_of_every_button_that_an_admin_uses(office: Office) -> None:
    buttons = lambda at: (  # noqa: E731 - a name of its own says no more
        use for use in office.uses(at, "UADMIN", words=WORDS) if use.kind == "action" and not use.filling
    )
    assert compare(office, buttons, "UADMIN") > 15


def test_who_has_the_role_sees_it_alone_and_in_their_own_conversation(office: Office) -> None:
    shown = heard(office, typed("/customer show C-1"), WITH, "UMANAGER")
    assert "quarzwerk" in shown
    assert "Secret 🔒" in shown
    assert "*Tier 🔒*\\ngold" in shown
    assert "Finch" in heard(office, typed("/customer list secret:quarzwerk"), WITH, "UMANAGER")
    assert "🔒 only for manager" in heard(office, typed("/crm fields customer"), WITH, "UMANAGER")
    asked = typed("/customer list secret:quarzwerk share:yes")
    assert "There is no secret" in heard(office, asked, WITH, "UMANAGER")
    refused = heard(office, typed("/customer edit C-1 secret:other share:yes"), WITH, "UMANAGER")
    assert "is not for everybody" in refused
    press = Use("action", "records.show", "viewer", RequestKind.ACTION, {
        "actions": [{"action_id": "records.show", "value": "C-1:1:"}], "channel": {"id": HERE},
    })  # fmt: skip
    assert "quarzwerk" not in heard(office, press, WITH, "UMANAGER")
    alone = press.by(WITH, "UMANAGER")
    assert "quarzwerk" in said(office.runtime.perform(replace(alone, ephemeral=True)))


def test_a_form_that_others_saved_over_says_nothing_of_it(office: Office, database: Database) -> None:
    view = office.registry.views["records.edit"]
    opened = {at: office.does(office.opening(view, 1), at, "UREP") for at in (WITH, WITHOUT)}
    fill(database, WITH, history_too=True)
    answers = []
    for at, answer in opened.items():
        sent = entered(view, view_of(answer))
        sent["state"]["values"]["domain"] = {"x": {"type": "plain_text_input", "value": "mine.example"}}
        answers.append(heard(office, Use("view", view.id, "rep", RequestKind.VIEW, {"view": sent}), at, "UREP"))
    assert answers[0] == answers[1]
    assert "Saved." in answers[0]


def test_what_is_sent_is_the_same(office: Office, database: Database, registry: Registry) -> None:
    fill(database, WITH, history_too=True)
    for at in (WITH, WITHOUT):
        for line in ("/customer edit C-1 domain:another.example", "/deal edit D-1 name:Else"):
            office.does(typed(line), at, "UREP")
        with database.transaction(at) as session, history.recording(session, actor_id="UADMIN", source="test"):
            for user, channel in (("UREP", None), (None, HERE)):
                digest = schedules.add(
                    session,
                    name="Numbers",
                    at_time=time(9),
                    zone="UTC",
                    owner_id="UMANAGER",
                    target_user=user,
                    target_channel=channel,
                    only="salary:48211",
                )
                outbox.enqueue(
                    session,
                    target_user=user,
                    target_channel=channel,
                    renderer="digests.digest",
                    record=digest.reference,
                )
    sent: dict[str, list[str]] = {}
    renderings = Renderings(registry, now=lambda: datetime(2030, 1, 1, tzinfo=UTC))
    for at in (WITH, WITHOUT):
        with database.transaction(at) as session:
            rows = session.scalars(
                select(Delivery).where(Delivery.target_user.is_distinct_from("UADMIN")).order_by(Delivery.seq)
            )
            drawn = [renderings.render(session, row) for row in rows]
            sent[at] = [plain(str(one.blocks)) for one in drawn if one is not None]
    assert sent[WITH] == sent[WITHOUT]
    assert sum("Nothing is counted" in one for one in sent[WITH]) == 2


PATHS: tuple[tuple[str, dict[str, str]], ...] = (
    ("records/customer", {}), ("records/customer", {"filter": "secret:quarzwerk"}),
    ("records/customer", {"sort": "salary"}), ("records/customer", {"filter": "tier:gold"}),
    ("records/customer/C-1", {}), ("records/customer/C-1/history", {}), ("records/deal/D-1", {}),
    ("records/ticket/T-1", {}), ("records/contact/P-1", {}), ("records/site_finch", {}), ("search", {"q": "quarzwerk"}),
    ("openapi.json", {}),
)  # fmt: skip


def test_a_rep_s_key_gets_the_same_and_an_admin_s_all(
    database: Database, registry: Registry, both: tuple[str, str]
) -> None:
    fill(database, WITH, history_too=True)
    programs = Programs(database, registry)
    try:
        keys = [programs.key(at, role=Role.REP) for at in both]
        for path, query in PATHS:
            one, other = (told(key.gets(path, **query)) for key in keys)
            assert one == other, path
            assert "salary" not in one.replace(str(query.get("sort")), "")
        given = {"fields": {"name": "Other", "secret": "x"}}
        assert len({told(key.posts("records/customer", given)) for key in keys}) == 1
        assert agent(keys[0]) == agent(keys[1])
        whole = programs.key(WITH, role=Role.MANAGER)
        assert whole.gets("records/customer/C-1").json["fields"]["salary"] == 48211
        assert len(whole.gets("records/customer", filter="secret:quarzwerk").json["records"]) == 2
        assert '"salary":48211' in whole.gets("records/customer/C-1/history").text.replace(" ", "")
    finally:
        programs.close()


def test_tables_that_go_out_and_come_in_know_nothing_of_it(database: Database, both: tuple[str, str]) -> None:
    tables = []
    for at in both:
        with database.transaction(at) as session:
            schema.see_as(session, Role.REP.implied)
            declarations = schema.of(session).declared
            table = RecordTable(session, declarations["customer"])
            tables.append([[re.sub(r"20\d\d-.*", "", str(cell)) for cell in row] for row in table.rows()])
            assert {"Secret", "Salary", "Tier"}.isdisjoint(table.header)
            read = mapping.guess(["Name", "Secret", "Tier"], "customers.csv", declarations, noun="customer")
            assert [column.to for column in read.columns] == ["name", "", ""]
            schema.see_as(session, None)
            assert "Secret" in RecordTable(session, schema.of(session).declared["customer"]).header
    assert tables[0] == tables[1]


def test_an_import_is_read_as_whoever_sent_it_sees_the_fields(database: Database, both: tuple[str, str]) -> None:
    with database.transaction(WITH) as session:
        person = members.get(session, "UREP")
        assert person is not None
        assert person.kind == MemberKind.STAFF
        schema.see_as(session, person.acts_in)
        assert "secret" not in [one.key for one in schema.extended(session, CUSTOMER).fields]
        customer = customers.add(session, name="Added by a rep")
        assert customer.custom == {}
