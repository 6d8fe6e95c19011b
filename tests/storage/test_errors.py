"""Show that errors are sentences with named parameters, and that the database's are told apart."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.orm.exc import StaleDataError

from storage.errors import Ambiguous, Conflict, CrmError, Duplicate, Invalid, NotFound, Refused, sqlstate, translate
from storage.workspace.members import Member


def failed(session: Session, statement: str, **values: object) -> BaseException:
    with pytest.raises((DBAPIError, UnicodeEncodeError)) as caught, session.begin_nested():
        session.execute(text(statement), values)
    return caught.value


def test_an_error_is_its_sentence_with_its_parameters() -> None:
    error = NotFound("No customer called {name}.", name="{Acme}", hint="Add {name}.", candidates=["Acne"])
    assert str(error) == "No customer called {Acme}."
    assert (error.template, error.params) == ("No customer called {name}.", {"name": "{Acme}"})
    assert (error.hint, error.candidates, error.field, error.typed) == ("Add {name}.", ["Acne"], None, None)
    assert [kind("x").kind for kind in (CrmError, NotFound, Ambiguous, Invalid, Conflict, Refused, Duplicate)] == [
        "error",
        "not_found",
        "ambiguous",
        "invalid",
        "conflict",
        "refused",
        "duplicate",
    ]


def test_the_first_to_name_a_field_is_right() -> None:
    assert Invalid("No.").on_field("amount").field == "amount"
    assert Invalid("No.", field="close").on_field("amount").field == "close"


@pytest.mark.parametrize(
    ("statement", "kind"),
    [
        (
            "INSERT INTO workspace (id, name) VALUES ('T0ACME', 'Acme')",
            Duplicate,
        ),
        ("INSERT INTO counter (workspace_id, noun, last_id) VALUES ('T0ACME', 'deal', 0)", Invalid),
        ("INSERT INTO counter (workspace_id, noun) VALUES ('T0ACME', 'deal')", Invalid),
        ("UPDATE member SET manager_id = 'UNOBODY' WHERE id = 'UREP'", Conflict),
        ("SELECT convert_from('\\x00', 'UTF8')", Invalid),
    ],
)
def test_what_the_database_refuses_has_a_meaning(session: Session, statement: str, kind: type[CrmError]) -> None:
    assert type(translate(failed(session, statement))) is kind


@pytest.mark.parametrize("typed", ["a\x00b", "a\ud800b"])
def test_text_that_cannot_be_stored_is_invalid(session: Session, typed: str) -> None:
    with pytest.raises(Exception, match=r".") as caught, session.begin_nested():
        session.execute(text("SELECT CAST(:typed AS text)"), {"typed": typed})
    assert isinstance(translate(caught.value), Invalid)


def test_a_lock_not_had_in_time_is_a_conflict(session: Session) -> None:
    raised = failed(session, "DO $$ BEGIN RAISE EXCEPTION 'busy' USING ERRCODE = 'lock_not_available'; END $$")
    assert isinstance(translate(raised), Conflict)


def test_a_stale_version_is_a_conflict(session: Session, workspace: str) -> None:
    member = session.get_one(Member, (workspace, "UREP"))
    session.execute(text("UPDATE member SET version = version + 1"))
    member.name = "Late"
    with pytest.raises(StaleDataError) as caught:
        session.flush()
    assert isinstance(translate(caught.value), Conflict)


def test_our_own_faults_have_no_meaning_for_people(session: Session) -> None:
    known = Refused("No.")
    assert translate(known) is known
    assert translate(ValueError("x")) is None
    assert translate(failed(session, "SELECT NULL FROM NULL")) is None
    mistake = failed(session, "SELECT no_such_column")
    assert translate(mistake) is None
    assert sqlstate(mistake) == "42703"
    assert sqlstate(ValueError("x")) is None
