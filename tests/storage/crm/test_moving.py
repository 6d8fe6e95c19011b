"""Show that a stage goes out of use with its deals, and that deals move between pipelines, also while others write."""

from __future__ import annotations

import threading
from contextlib import suppress

import pytest
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from storage.crm import deals, pipelines
from storage.crm.deals import DEAL, Deal
from storage.crm.pipelines import PIPELINE, STAGE, Pipeline, Stage
from storage.database.engine import Database
from storage.errors import Conflict, CrmError, NotFound
from storage.records import history, lifecycle, moves
from storage.records.moves import MoveState
from storage.records.query import parse_filters
from tests.support.filter_values import Said
from tests.support.waiting import PATIENCE_S

DEALS, BATCH, WRITERS = 230, 60, 20


class Died(BaseException):
    """The process ended here."""


def renewals(session: Session) -> Pipeline:
    made = lifecycle.add(session, PIPELINE, {"name": "Renewals"})
    assert isinstance(made, Pipeline)
    return made


def stage_id(session: Session, name: str) -> int:
    return pipelines.resolve_stage(session, name).id


def begin(session: Session, gone: int, kept: int) -> int:
    return moves.begin(session, "stage", gone=str(gone), kept=str(kept), actor_id="UANN", renderer="x").id


def run(database: Database, workspace: str, number: int) -> None:
    state = MoveState.RUNNING
    while state in (MoveState.RUNNING, MoveState.UNDOING):
        with database.transaction(workspace) as session:
            do = moves.run_batch if moves.get(session, number).state == MoveState.RUNNING else moves.undo_batch
            state = MoveState(do(session, number, BATCH).state)


def in_stage(database: Database, workspace: str, number: int) -> int:
    with database.transaction(workspace) as session:
        return session.scalar(select(func.count()).where(Deal.stage_id == number)) or 0


def test_a_deal_moves_to_another_pipeline_into_the_stage_of_its_name(session: Session) -> None:
    other = renewals(session)
    deal = deals.add(session, name="a", stage="Proposal")
    deals.transfer(session, deal, other.id)
    assert (deal.pipeline_id, deal.stage.name) == (other.id, "Proposal")
    deals.move(session, deal, "Qualified", pipeline_id=pipelines.default(session).id)
    assert (deal.pipeline_id, deal.stage.name) == (pipelines.default(session).id, "Qualified")
    deals.move(session, deal, "won")
    deals.transfer(session, deal, other.id)
    assert (deal.pipeline_id, deal.status, deal.closed_at is None) == (other.id, "won", False)


def test_a_stage_is_found_in_every_pipeline(session: Session) -> None:
    other = renewals(session)
    deals.add(session, name="a", stage="Proposal")
    deals.add(session, name="b", stage="Proposal", pipeline_id=other.id)
    lifecycle.add(session, STAGE, {"name": "Legal", "pipeline": other.id, "position": 9})
    deals.add(session, name="c", stage_id=stage_id(session, "legal"))

    def listed(*said: str) -> list[str]:
        where = parse_filters(said).where(session, DEAL.filters, Said())
        return sorted(one.name for one in deals.list_deals(session, *where))

    assert listed("stage:proposal") == ["a", "b"]
    assert listed("pipeline:renewals") == ["b", "c"]
    assert listed("stage:proposal", "pipeline:sales") == ["a"]
    assert listed("stage:legal, proposal") == ["a", "b", "c"]
    assert listed("stage!=proposal") == ["c"]
    with pytest.raises(NotFound):
        listed("stage:nowhere")
    with pytest.raises(NotFound):
        deals.add(session, name="d", stage="Legal", pipeline_id=pipelines.default(session).id)


@pytest.fixture
def proposals(database: Database, workspace: str) -> tuple[int, int]:
    """Put 230 deals into a stage, some of them lost since, and return its number and that of another."""
    with database.transaction(workspace) as session:
        gone, kept = stage_id(session, "Proposal"), stage_id(session, "Negotiation")
        for number in range(DEALS):
            deals.add(session, name=f"d{number}", stage_id=gone)
    return gone, kept


@pytest.mark.parametrize("dies_at", [1, 2, 4, 5])
def test_a_stage_is_merged_with_its_deals_whoever_dies_over_it_and_comes_back(
    database: Database, workspace: str, proposals: tuple[int, int], dies_at: int
) -> None:
    gone, kept = proposals
    with database.transaction(workspace) as session:
        touched = session.scalars(select(Deal.touched_at).order_by(Deal.id)).all()
        number = begin(session, gone, kept)
    for at in range(1, 8):
        with suppress(Died), database.transaction(workspace) as session:
            moves.run_batch(session, number, BATCH)
            if at == dies_at:
                raise Died
    assert (in_stage(database, workspace, gone), in_stage(database, workspace, kept)) == (0, DEALS)
    with database.transaction(workspace) as session:
        assert moves.get(session, number).state == MoveState.DONE
        assert session.scalars(select(Deal.touched_at).order_by(Deal.id)).all() == touched, "nobody worked on them"
        assert "Proposal" not in [one.name for one in pipelines.stages(session)]
        assert pipelines.stage(session, gone).id == kept, "its reference leads on"
        moves.ask(session, number, MoveState.UNDOING)
    run(database, workspace, number)
    assert (in_stage(database, workspace, gone), in_stage(database, workspace, kept)) == (DEALS, 0)
    with database.transaction(workspace) as session:
        assert stage_id(session, "Proposal") == gone


def test_a_stage_is_not_merged_into_one_that_means_something_else(session: Session) -> None:
    with pytest.raises(NotFound):
        begin(session, stage_id(session, "Proposal"), stage_id(session, "Won"))
    with pytest.raises(Conflict):
        begin(session, stage_id(session, "Won"), stage_id(session, "Proposal"))


def test_a_deal_that_is_set_back_into_a_stage_that_was_merged_gets_what_it_became(
    database: Database, workspace: str
) -> None:
    with database.transaction(workspace) as session:
        deal = deals.add(session, name="a", stage="Proposal")
        gone, kept = stage_id(session, "Proposal"), stage_id(session, "Qualified")
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="test"):
        deals.move(session, deals.get(session, deal.id), "Negotiation")
    with database.transaction(workspace) as session:
        number = begin(session, gone, kept)
    run(database, workspace, number)
    with database.transaction(workspace) as session, history.recording(session, actor_id="UREP", source="test"):
        before = history.newest(session, "UREP")
        assert before is not None and before.source != history.MOVE
        history.undo(session, "UREP")
    with database.transaction(workspace) as session:
        assert deals.get(session, deal.id).stage_id == kept


def test_whatever_is_defined_while_twenty_write_no_deal_is_lost_or_in_a_stage_that_is_not_there(
    database: Database, workspace: str
) -> None:
    with database.transaction(workspace) as session:
        renewals(session)
        names = [one.name for one in pipelines.open_stages(session)][:4]
    begun, refused, written = threading.Barrier(WRITERS + 1, timeout=PATIENCE_S), [], []
    crowd = database.another(pool_size=WRITERS + 1, application_name="crowd")

    def write(who: int) -> None:
        begun.wait()
        for turn in range(4):
            try:
                with crowd.transaction(workspace) as session:
                    deal = deals.add(session, name=f"{who} {turn}", stage=names[(who + turn) % 4])
                    written.append(deal.id)
                with crowd.transaction(workspace) as session:
                    deals.move(session, deals.get(session, deal.id), names[(who + turn + 1) % 4])
            except (CrmError, StaleDataError) as error:
                refused.append(error)

    def define() -> None:
        begun.wait()
        for gone, kept in (("Proposal", "Qualified"), ("Negotiation", "Lead")):
            with crowd.transaction(workspace) as session:
                number = begin(session, stage_id(session, gone), stage_id(session, kept))
            run(crowd, workspace, number)

    threads = [threading.Thread(target=write, args=(who,)) for who in range(WRITERS)]
    threads.append(threading.Thread(target=define))
    for one in threads:
        one.start()
    for one in threads:
        one.join(PATIENCE_S)
    crowd.dispose()
    with database.transaction(workspace) as session:
        there = session.scalars(select(Deal.id)).all()
        assert set(written) <= set(there) and len(there) == len(set(written))
        live = {one.id for one in pipelines.every_stage(session)}
        misfiled = session.scalars(select(Deal.id).where(Deal.stage_id.not_in(live))).all()
        assert misfiled == []
        assert {one.name for one in session.scalars(select(Stage).where(Stage.merged_into_id.is_not(None)))} == {
            "Proposal",
            "Negotiation",
        }
    assert all(isinstance(error, (NotFound, Conflict, StaleDataError)) for error in refused), refused
