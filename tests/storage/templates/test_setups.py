"""Show that a set-up is carried to another workspace whole, once, and that a file with faults is refused by line."""

from __future__ import annotations

import pytest
from sqlalchemy.orm import Session

from bot.cli.setup import reserved_of
from bot.registry import Registry
from storage import templates as setup
from storage.crm import deals, pipelines
from storage.database.engine import Database
from storage.errors import Invalid
from storage.records import history, schema
from storage.records.schema import choice_definitions, noun_definitions
from storage.support import replies, sla

READY = ("adviser", "agency", "shop", "software")


def applied(session: Session, registry: Registry, name: str) -> list[str]:
    return setup.apply(session, setup.read(setup.ready()[name]), reserved_of(registry))


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
        would = setup.preview(session, setup.read(setup.ready()[name]), reserved_of(registry))
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
        setup.apply(session, setup.read(saved), reserved_of(registry))
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
    assert setup.apply(session, setup.read(said), reserved_of(registry)) == []
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
        setup.apply(session, setup.read(said), reserved_of(registry))
    assert str(refused.value).startswith(f"Line {line}: "), refused.value
    assert why in str(refused.value)


@pytest.mark.parametrize("said", ["", "\x00", "x" * (1 << 21)])
def test_what_is_no_file_of_ours_is_refused(said: str) -> None:
    with pytest.raises(Invalid):
        setup.read(said)
