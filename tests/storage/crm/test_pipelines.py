"""Show the stages deals move through."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy.orm import Session

from storage.crm import pipelines
from storage.crm.pipelines import PIPELINE, STAGE
from storage.database.engine import Database
from storage.errors import NotFound
from storage.records import lifecycle
from tests.support.waiting import PATIENCE_S


def test_a_workspace_has_the_standard_pipeline_from_the_first_look(session: Session) -> None:
    stages = pipelines.stages(session)
    assert [(stage.name, stage.probability, stage.outcome) for stage in stages] == [
        ("Lead", 10, "open"),
        ("Qualified", 25, "open"),
        ("Proposal", 50, "open"),
        ("Negotiation", 75, "open"),
        ("Won", 100, "won"),
        ("Lost", 0, "lost"),
    ]
    assert pipelines.default(session).id == stages[0].pipeline_id


def test_two_who_look_first_at_once_find_the_same_pipeline(database: Database, workspace: str) -> None:
    found: list[int] = []
    begun = threading.Barrier(2, timeout=PATIENCE_S)

    def look() -> None:
        with database.transaction(workspace) as session:
            begun.wait()
            found.append(pipelines.default(session).id)
            assert len(pipelines.stages(session)) == 6

    threads = [threading.Thread(target=look) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert len(found) == 2
    assert len(set(found)) == 1


def test_a_stage_is_named_in_full_or_by_a_beginning_only_one_has(session: Session) -> None:
    assert pipelines.resolve_stage(session, " PROPOSAL ").name == "Proposal"
    assert pipelines.resolve_stage(session, "neg").name == "Negotiation"
    for typed in ("l", "", "closing"):
        with pytest.raises(NotFound) as caught:
            pipelines.resolve_stage(session, typed)
        assert caught.value.params["stages"] == "Lead, Qualified, Proposal, Negotiation, Won, Lost"


def test_a_stage_is_added_at_its_place_and_never_open_behind_the_closed(session: Session) -> None:
    for name, more in (("Legal", {"position": 4}), ("Last", {}), ("Paused", {"outcome": "lost"})):
        lifecycle.add(session, STAGE, {"name": name, **more})
    found = pipelines.stages(session)
    assert [one.name for one in found] == [
        *("Lead", "Qualified", "Proposal", "Legal", "Negotiation", "Last", "Won", "Lost", "Paused")
    ]
    assert [one.position for one in found] == list(range(1, 10))


def test_a_pipeline_without_a_stage_to_win_in_says_so(session: Session) -> None:
    made = pipelines.Pipeline(workspace_id="T0ACME", name="Hiring")
    session.add(made)
    session.flush()
    with pytest.raises(NotFound, match="no stage for won deals"):
        pipelines.stage_with(session, pipelines.Outcome.WON, made.id)


def test_each_workspace_numbers_its_pipelines_and_stages_by_itself(
    database: Database, workspace: str, second_workspace: str
) -> None:
    for own in (workspace, second_workspace):
        with database.transaction(own) as session:
            first = pipelines.default(session)
            second = lifecycle.add(session, PIPELINE, {"name": "Partners"})
            assert (first.reference, second.reference) == ("PL-1", "PL-2")
            numbers = [one.id for one in pipelines.every_stage(session)]
            assert numbers == list(range(1, len(numbers) + 1))
