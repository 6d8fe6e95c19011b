"""Show that a set-up is carried to another workspace whole, once, and that a file with faults is refused by line."""

from __future__ import annotations

from datetime import date, time

import pytest
from sqlalchemy.orm import Session

from bot.cli.setup import surroundings
from bot.registry import Registry
from storage import templates as setup
from storage.crm import deals, pipelines
from storage.crm.deals import reasons
from storage.database.engine import Database
from storage.errors import Invalid
from storage.notifications import preferences
from storage.records import history, schema
from storage.records.history import ownership
from storage.records.schema import choice_definitions, layout_definitions, noun_definitions
from storage.support import categories, channels, replies, routes, sla, tickets
from storage.workspace import members, plugin_settings
from storage.workspace.members import Role

READY = ("adviser", "agency", "shop", "software")


def applied(session: Session, registry: Registry, name: str) -> list[str]:
    return setup.apply(session, setup.read(setup.ready()[name]), surroundings(registry))


def test_four_are_ready() -> None:
    assert tuple(setup.ready()) == READY


@pytest.mark.parametrize("name", READY)
def test_a_ready_one_is_previewed_applied_twice_and_undone_at_one_go(
    database: Database, workspace: str, registry: Registry, name: str
) -> None:
    with database.transaction(workspace) as session:
        pipelines.default(session)
    with database.transaction(workspace) as session:
        empty = setup.save(session)
        would = setup.preview(session, setup.read(setup.ready()[name]), surroundings(registry))
        assert would
        assert setup.save(session) == empty, "a preview changes nothing"
    with database.transaction(workspace) as session, history.recording(session, actor_id="UANN", source="test"):
        assert applied(session, registry, name) == would
    with database.transaction(workspace) as session:
        assert applied(session, registry, name) == []
    with database.transaction(workspace) as session, history.recording(session, actor_id="UANN", source="test"):
        history.undo(session, "UANN")
    with database.transaction(workspace) as session:
        assert setup.save(session) == empty


def test_what_one_workspace_has_another_gets_and_gives_on_the_same(
    database: Database, workspace: str, second_workspace: str, registry: Registry
) -> None:
    with database.transaction(workspace) as session:
        for name in READY:
            applied(session, registry, name)
        choice_definitions.rename(session, "ticket", "status", "open", "In hand")
        choice_definitions.rename(session, "ticket", "priority", "urgent", "P1")
        saved = setup.save(session)
    with database.transaction(second_workspace) as session:
        setup.apply(session, setup.read(saved), surroundings(registry))
    with database.transaction(second_workspace) as session:
        assert setup.save(session) == saved
        assert [one.name for one in pipelines.all_of(session)] == ["Sales", "Advice", "New work", "Renewals"]
        renewals = pipelines.resolve_pipeline(session, "renewals")
        assert [one.name for one in pipelines.stages(session, renewals.id)] == [
            "Due",
            "Talking",
            "Renewed",
            "Cancelled",
        ]
        deal = deals.add(session, name="a", pipeline_id=renewals.id)
        assert deal.stage.name == "Due"
        deals.win(session, deal)
        assert deal.stage.name == "Renewed"
        assert [row.key for row in noun_definitions.all_rows(session)] == ["policy", "project", "order", "contract"]
        assert schema.of(session).declared["deal"].field("competitor")
        assert len(replies.saved(session)) == 1
        assert {(one.priority, one.tier) for one in sla.targets(session)} == {(None, None), ("urgent", None)}


def test_what_is_there_already_stays_as_it_is(session: Session, registry: Registry) -> None:
    stage = pipelines.resolve_stage(session, "Proposal")
    said = "rapport: 1\npipelines:\n  - name: SALES\n    stages:\n      - {name: Proposal, probability: 99}\n"
    assert setup.apply(session, setup.read(said), surroundings(registry)) == []
    assert stage.probability == 50


@pytest.mark.parametrize(
    ("said", "line", "why"),
    [
        ("rapport: 2\n", 1, "this must begin with rapport: 1"),
        ("rapport: 1\nfeilds: {}\n", 2, "feilds means nothing here"),
        ("rapport: 1\nnouns: 3\n", 2, "here must be a list"),
        ("rapport: 1\nnouns:\n  - {name: A, nmae: b}\n", 3, "nmae means nothing here"),
        ("rapport: 1\nnouns:\n  - {word: deal, name: Deal}\n", 3, "deal means something else"),
        ("rapport: 1\nnouns:\n  - {word: a1, name: A, role: king}\n", 3, "king is no role"),
        ("rapport: 1\nfields:\n  deal:\n    - {name: A, type: colour}\n", 4, "colour is no type of field"),
        ("rapport: 1\nfields:\n  boats:\n    - {name: A, type: text}\n", 3, "there are no records called boats"),
        ("rapport: 1\nfields:\n  deal:\n    - {type: text}\n", 4, "name is missing"),
        ("rapport: 1\nstatuses:\n  - {name: Odd, kind: odd}\n", 3, "odd is no kind of this"),
        ("rapport: 1\npipelines:\n  - name: A\n    stages:\n      - {name: B, means: maybe}\n", 5, "not maybe"),
        ("rapport: 1\npipelines:\n  - name: A\n    stages:\n      - {name: B, probability: 900}\n", 5, "0 and 100"),
        ("rapport: 1\nnouns: &a []\n", 2, "anchors"),
        ("rapport: 1\nrapport: 1\n", 2, "given twice"),
        ("rapport: [1\n", 2, "expected"),
        ("rapport: 1\nnouns:\n\t- a\n", 3, "cannot start any token"),
        ("rapport: 1\nservice_levels:\n  - {answer: soon}\n", 3, "answer must be a whole number"),
        ("rapport: 1\nnouns: !!python/object:os.system {}\n", 2, "here must be a list"),
    ],
)
def test_a_file_with_faults_is_refused_with_the_line_and_the_reason(
    session: Session, registry: Registry, said: str, line: int, why: str
) -> None:
    with pytest.raises(Invalid) as refused:
        setup.apply(session, setup.read(said), surroundings(registry))
    assert str(refused.value).startswith(f"Line {line}: "), refused.value
    assert why in str(refused.value)


@pytest.mark.parametrize("said", ["", "\x00", "x" * (1 << 21)])
def test_what_is_no_file_of_ours_is_refused(said: str) -> None:
    with pytest.raises(Invalid):
        setup.read(said)


def test_how_customers_are_answered_and_what_is_shown_are_carried_too(
    database: Database, workspace: str, second_workspace: str, registry: Registry
) -> None:
    known = surroundings(registry)
    for own in (workspace, second_workspace):
        with database.transaction(own) as session:
            channels.seen(session, f"C{own}", name="bugs")
            members.set_roles(
                session, members.ensure(session, f"U{own}", {"name": "anton", "real_name": "Anton"}), {Role.AGENT}
            )
    with database.transaction(workspace) as session:
        channels.seen(session, "CGONE", name="gone")
        there = dict(known.categories(session))
        categories.add(session, "Refunds", ["money back", "return it", "a refund"], taken=there)
        categories.rename(session, "bug", "Defects", taken=dict(known.categories(session)))
        categories.add_examples(session, "billing", ["the invoice is wrong"])
        anton = [f"U{workspace}"]
        routes.add(
            session, category="refunds", tier="gold", channel_id=f"C{workspace}", people=anton, strategy="least_loaded"
        )
        routes.add(session, category="bug", channel_id="CGONE")
        sla.set_hours(session, [(540, 1020)] * 5 + [None, None], zone="Europe/Berlin")
        sla.add_holiday(session, date(2027, 12, 24), "Christmas Eve")
        preferences.set_quiet(session, f"C{workspace}", (time(18), time(9)), [5, 6])
        preferences.set_budget(session, f"C{workspace}", 20)
        preferences.set_quiet(session, f"U{workspace}", (time(20), time(8)))
        ownership.let_change(session, "deal", "ask")
        layout_definitions.lay_out(session, "deal", "card", ["stage", "amount"], ["amount", "stage"])
        layout_definitions.lay_out(session, "home", "home", ["tickets.mine"], ["tickets.mine"])
        choice_definitions.define(session, "deal", "closed_reason", name="Price", kind="lost")
        plugin_settings.choose(session, "deals.ask_reasons", "lost")
        saved = setup.save(session)
        assert "20:00" not in saved, "what people want for themselves is theirs"
    with database.transaction(second_workspace) as session, history.recording(session, actor_id="UX", source="test"):
        said = setup.apply(session, setup.read(saved), known)
        assert [line for line in said if line.startswith(setup.LEFT_OUT)] == ["! route bug: #gone"]
    with database.transaction(second_workspace) as session:
        assert known.categories(session)["bug"] == "Defects"
        assert [(one.category, one.tier, one.people, one.strategy) for one in routes.list_routes(session)] == [
            ("refunds", "gold", [f"U{second_workspace}"], "least_loaded")
        ]
        assert ownership.who_changes(session, "deal") == "ask"
        assert list(reasons.asked(session, "lost").values()) == ["Price"]
        again = setup.save(session)
        wanted = saved.replace("- category: Defects\n  channel: gone\n", "")
        assert again == wanted
        assert not [line for line in setup.apply(session, setup.read(saved), known) if line.startswith("+")]
    with database.transaction(second_workspace) as session, history.recording(session, actor_id="UX", source="test"):
        history.undo(session, "UX")
    with database.transaction(second_workspace) as session:
        left = setup.save(session)
        assert not any(word in left for word in ("Refunds", "Christmas", "rights", "layouts", "Price", "routes")), left


@pytest.mark.parametrize(
    ("said", "line", "why"),
    [
        ("rapport: 1\nroutes:\n  - {category: nosuch, channel: bugs}\n", 3, "no category nosuch"),
        ("rapport: 1\nroutes:\n  - {people: [Ann], turns: chance}\n", 3, "chance"),
        ("rapport: 1\nhours: {mon: early}\n", 2, "09:00-17:00"),
        ("rapport: 1\nhours: {mon: '17:00-09:00'}\n", 2, "begin before they end"),
        ("rapport: 1\nhours:\n  holidays: [{day: soon, name: a}]\n", 3, "2027-12-24"),
        ("rapport: 1\nquiet: [{channel: known, from: late, until: '09:00'}]\n", 2, "18:00"),
        ("rapport: 1\nrights: {deal: nobody}\n", 2, "owner, ask"),
        ("rapport: 1\nrights: {stage: owner}\n", 2, "belong to somebody"),
        ("rapport: 1\nlayouts: {deal: {card: [nosuch]}}\n", 2, "no nosuch to show"),
        ("rapport: 1\nlayouts: {deal: {home: [a]}}\n", 2, "home means nothing"),
        ("rapport: 1\nask_reasons: always\n", 2, "always"),
        ("rapport: 1\ncategories: [{name: New}]\n", 2, "at least 3 examples"),
    ],
)
def test_faults_in_how_customers_are_answered_are_refused_by_line(
    session: Session, registry: Registry, said: str, line: int, why: str
) -> None:
    channels.seen(session, "C1", name="known")
    with pytest.raises(Invalid) as refused:
        setup.apply(session, setup.read(said), surroundings(registry))
    assert str(refused.value).startswith(f"Line {line}: "), refused.value
    assert why in str(refused.value)


def test_a_category_is_merged_only_where_no_ticket_has_it(session: Session, registry: Registry) -> None:
    known = surroundings(registry)
    merged = "rapport: 1\ncategories: [{key: billing, into: bug}, {key: howto, into: bug}]\n"
    tickets.add(session, name="Wrong invoice", category="billing")
    assert len(setup.apply(session, setup.read(merged), known)) == 1
    assert categories.merges(session) == {"howto": "bug"}
    assert setup.apply(session, setup.read(merged), known) == []
