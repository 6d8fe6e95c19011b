"""Show that every change is recorded once, with who and what, and answers are repeated instead of effects."""

from __future__ import annotations

import threading
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from storage.database.engine import Database
from storage.errors import Duplicate, translate
from storage.records import history
from storage.records.history import Activity, ChangeSet
from storage.workspace.members import Member
from tests.support.sample_tables import Company, Remark, company

NIGHT = datetime(2026, 3, 1, 23, 30, tzinfo=timezone(timedelta(hours=-8)))


@pytest.fixture
def admin_url(sampled_url: str) -> str:
    return sampled_url


def test_a_new_row_is_recorded_with_everything_it_holds(session: Session, workspace: str) -> None:
    with history.recording(session, actor_id="UREP", source="slash", request_key="k1", summary="/customer add"):
        session.add(
            company(
                workspace,
                founded=date(1999, 12, 31),
                seen_at=NIGHT,
                token=UUID(int=7),
                share=Decimal("12.5"),
                labels=["a", "b"],
                details={"size": [1, 2.5, None, True]},
            )
        )
    (activity,) = history.timeline(session, "customer", 1)
    assert (activity.action, activity.noun, activity.record_id) == ("created", "customer", 1)
    assert (activity.entity, activity.row_key, activity.before) == ("sample_company", "1", None)
    assert activity.after == {
        "name": "Company 1",
        "parent_id": None,
        "founded": "1999-12-31",
        "seen_at": "2026-03-02T07:30:00+00:00",
        "token": str(UUID(int=7)),
        "share": "12.5",
        "labels": ["a", "b"],
        "details": {"size": [1, 2.5, None, True]},
        "employees": None,
    }
    change_set = activity.change_set
    assert (change_set.actor_id, change_set.source, change_set.summary) == ("UREP", "slash", "/customer add")
    assert change_set.at == activity.at
    assert change_set.undone_by_id is None


def test_only_what_changed_is_recorded(session: Session, workspace: str) -> None:
    session.add(company(workspace, employees=3))
    session.flush()
    with history.recording(session, actor_id="UREP", source="modal"):
        row = session.get_one(Company, (workspace, 1))
        row.employees, row.name = 4, "Company 1"
        assert history.current_actor(session) == "UREP"
        session.flush()
        row.employees = 5
    first, second = reversed(history.timeline(session, "customer", 1))
    assert (first.before, first.after) == ({"employees": 3}, {"employees": 4})
    assert (second.before, second.after) == ({"employees": 4}, {"employees": 5})
    assert first.change_set is second.change_set
    assert history.current_actor(session) is None


def test_what_was_never_read_is_still_known_before(session: Session, workspace: str) -> None:
    session.add(company(workspace, employees=3))
    session.flush()
    session.expire_all()
    row = session.get_one(Company, (workspace, 1))
    session.expire(row, ["employees", "name"])
    with history.recording(session, actor_id="UREP", source="modal"):
        row.employees, row.name = 9, "Company 1"
    (activity,) = history.timeline(session, "customer", 1)
    assert (activity.before, activity.after) == ({"employees": 3}, {"employees": 9})


def test_a_deleted_row_is_recorded_with_what_is_lost(session: Session, workspace: str) -> None:
    session.add_all([company(workspace), Remark(workspace_id=workspace, id=5, company_id=1, words="hi")])
    session.flush()
    with history.recording(session, actor_id=None, source="job"):
        session.delete(session.get_one(Remark, (workspace, 5)))
    (activity,) = history.timeline(session, "customer", 1)
    assert (activity.action, activity.entity, activity.row_key) == ("deleted", "sample_remark", "5")
    assert (activity.before, activity.after) == ({"company_id": 1, "words": "hi"}, None)
    assert history.last_actor(session, "customer", 1) == "Rapport"


def test_reading_writes_no_history(session: Session, workspace: str) -> None:
    with history.recording(session, actor_id="UREP", source="slash", request_key="k"):
        session.scalars(select(Member)).all()
        assert history.current_change(session) is None
    assert history.find_request(session, "k") is None
    assert history.find_answer(session, "k") is None


def test_a_row_with_a_database_id_and_a_key_of_text_are_recorded(session: Session, workspace: str) -> None:
    with history.recording(session, actor_id="UADMIN", source="slash"):
        session.add(company(workspace))
        session.flush()
        session.add(Remark(workspace_id=workspace, company_id=1, words="hello"))
        session.get_one(Member, (workspace, "UREP")).manager_id = "UMANAGER"
    (change_set,) = history.recent(session, "UADMIN")
    assert [(a.entity, a.noun, a.record_id, a.row_key) for a in change_set.activities] == [
        ("sample_company", "customer", 1, "1"),
        ("sample_remark", "customer", 1, "1"),
        ("member", "member", None, "UREP"),
    ]


def test_a_timeline_takes_other_happenings_and_shows_the_newest_first(session: Session, workspace: str) -> None:
    session.add(company(workspace))
    session.flush()
    with history.recording(session, actor_id="UAGENT", source="slash"):
        history.record(session, "customer", 1, "noted", after={"text": "called", "at": NIGHT})
        history.record(session, "customer", 1, "called")
    with history.recording(session, actor_id="UREP", source="import", at=NIGHT):
        history.record(session, "customer", 1, "imported")
    found = history.timeline(session, "customer", 1)
    assert [activity.action for activity in found] == ["called", "noted", "imported"]
    assert found[1].after == {"text": "called", "at": "2026-03-02T07:30:00+00:00"}
    assert [activity.action for activity in history.timeline(session, "customer", 1, limit=1)] == ["called"]
    assert history.timeline(session, "deal", 1) == []
    assert history.last_actor(session, "customer", 1) == "Agent"
    assert history.actor_name(session, "UNEVER") == "UNEVER"


def test_a_value_that_could_not_be_read_back_is_refused(session: Session, workspace: str) -> None:
    with (
        pytest.raises(TypeError, match="bytes cannot be kept"),
        history.recording(session, actor_id="UREP", source="slash"),
    ):
        history.record(session, "customer", 1, "noted", after={"raw": b"x"})


def test_recordings_do_not_nest_and_are_needed(session: Session) -> None:
    with (
        history.recording(session, actor_id="UREP", source="slash"),
        pytest.raises(RuntimeError, match="already"),
        history.recording(session, actor_id="UREP", source="slash"),
    ):
        pass
    with pytest.raises(RuntimeError, match="not being recorded"):
        history.current_change(session)


def test_a_request_repeated_finds_its_first_answer(database: Database, workspace: str) -> None:
    def request() -> None:
        with (
            database.transaction(workspace) as session,
            history.recording(session, actor_id="UREP", source="slash", request_key="trigger-1"),
        ):
            number = session.scalar(select(func.coalesce(func.max(Company.id), 0) + 1)) or 0
            session.add(company(workspace, number))
            assert history.current_change(session) is not None
            history.save_answer(session, {"text": f"Added C-{number}"})

    request()
    with pytest.raises(IntegrityError) as caught:
        request()
    assert history.is_repeat(caught.value)
    with database.transaction(workspace) as session:
        assert session.scalars(select(Company.id)).all() == [1]
        assert history.find_answer(session, "trigger-1") == {"text": "Added C-1"}
        found = history.find_request(session, "trigger-1")
        assert found is not None and found.answer == {"text": "Added C-1"}
        assert history.find_answer(session, "trigger-2") is None


def test_the_same_request_twice_at_once_has_its_effect_once(database: Database, workspace: str) -> None:
    failures: list[Exception] = []

    def request(number: int) -> None:
        try:
            with (
                database.transaction(workspace) as session,
                history.recording(session, actor_id="UREP", source="button", request_key="click"),
            ):
                session.add(company(workspace, number))
                session.flush()
        except IntegrityError as exc:
            failures.append(exc)

    threads = [threading.Thread(target=request, args=[number]) for number in (1, 2, 3, 4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [history.is_repeat(failure) for failure in failures] == [True] * 3
    with database.transaction(workspace) as session:
        assert len(session.scalars(select(Company.id)).all()) == 1


def test_other_errors_are_no_repeats(session: Session, workspace: str) -> None:
    session.add(company(workspace))
    session.flush()
    session.expunge_all()
    with pytest.raises(IntegrityError) as caught, session.begin_nested():
        session.add(company(workspace))
    assert not history.is_repeat(caught.value)
    assert not history.is_repeat(ValueError())
    assert isinstance(translate(caught.value), Duplicate)


def test_requests_without_a_key_do_not_repeat_each_other(session: Session, workspace: str) -> None:
    for number in (1, 2):
        with history.recording(session, actor_id="", source="job", request_key=""):
            session.add(company(workspace, number))
    assert session.scalars(select(ChangeSet.request_key)).all() == [None, None]
    assert session.scalars(select(ChangeSet.actor_id)).all() == [None, None]


def test_an_answer_is_kept_without_any_recorded_change(session: Session) -> None:
    with history.recording(session, actor_id="UADMIN", source="slash", request_key="setup"):
        history.save_answer(session, {"text": "EUR it is"})
        assert history.current_change(session) is not None
    assert history.find_answer(session, "setup") == {"text": "EUR it is"}


def test_a_savepoint_rolled_back_takes_its_history_with_it(session: Session, workspace: str) -> None:
    with history.recording(session, actor_id="UREP", source="slash", request_key="k"):
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            session.add(company(workspace, 1))
            session.flush()
            raise ZeroDivisionError
        assert history.current_change(session) is None
        session.add(company(workspace, 2))
        session.flush()
        with pytest.raises(ZeroDivisionError), session.begin_nested():
            session.add(company(workspace, 3))
            session.flush()
            raise ZeroDivisionError
        session.add(company(workspace, 4))
    assert session.scalars(select(Activity.record_id).order_by(Activity.id)).all() == [2, 4]
    assert session.scalars(select(ChangeSet.request_key)).all() == ["k"]


def test_history_lands_in_its_month(session: Session, workspace: str, database: Database) -> None:
    now = datetime.now(UTC)
    with history.recording(session, actor_id="UREP", source="slash"):
        session.add(company(workspace))
    (activity,) = history.timeline(session, "customer", 1)
    assert abs(activity.at - now) < timedelta(minutes=5)
    session.commit()
    with pytest.raises(Exception, match="permission denied"), database.engine.connect() as connection:
        connection.exec_driver_sql(f"SELECT * FROM activity_{activity.at:%Y%m}")
