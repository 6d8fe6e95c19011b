"""Add many records by one request: those that cannot be stored cost the others nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import SQLAlchemyError

from api import payloads, records
from api.calls import Work
from api.problems import Answer, HttpProblem, problem_of
from storage import events
from storage.errors import CrmError, Invalid
from storage.records import lifecycle
from storage.records.declaration import Declaration
from storage.records.named import Named
from storage.workspace.api_keys import Verb

MOST_AT_ONCE = 1_000

Result = Named | HttpProblem
"""What became of a row: a record, or why there is none."""


def added_many(work: Work, noun: str, body: Mapping[str, Any]) -> Answer:
    """Add up to 1,000 records and tell of each row what became of it."""
    declaration = work.noun(noun, Verb.ADD)
    records.only(body, "records")
    rows = body.get("records")
    if not isinstance(rows, list) or not 0 < len(rows) <= MOST_AT_ONCE:
        raise Invalid("{name} is to be a list of 1 to {most}.", field="records", name="records", most=MOST_AT_ONCE)
    results = _together(work, declaration, rows) if declaration.is_plain else _each(work, declaration, rows)
    added = [result for result in results if isinstance(result, Named)]
    shown = iter(payloads.records(work.session, declaration, added))
    told = [
        {"status": result.answer().status, "problem": result.body()}
        if isinstance(result, HttpProblem)
        else {"status": 201, "record": next(shown)}
        for result in results
    ]
    return Answer(200, {"results": told, "added": len(added)})


def _together(work: Work, declaration: Declaration, rows: Sequence[Any]) -> list[Result]:
    """Add all that can be stored at once; where the database refuses one of them, each goes by itself."""
    results: list[Result | None] = []
    good = []
    try:
        with work.session.begin_nested():
            for row in rows:
                try:
                    values = records.of_new(work, declaration, row)
                    good.append(lifecycle.checked_new(work.session, declaration, values))
                    results.append(None)
                except (CrmError, HttpProblem) as exc:
                    results.append(problem_of(exc, declaration.key))
            added = iter(lifecycle.add_together(work.session, declaration, good) if good else ())
    except (CrmError, SQLAlchemyError):
        events.drain(work.session)
        return _each(work, declaration, rows)
    return [next(added) if result is None else result for result in results]


def _each(work: Work, declaration: Declaration, rows: Sequence[Any]) -> list[Result]:
    """Add one after the other, as the rules of the noun look at what is there."""
    results: list[Result] = []
    said: list[events.Fact] = []
    for row in rows:
        try:
            with work.session.begin_nested():
                record = lifecycle.add(work.session, declaration, records.of_new(work, declaration, row))
            results.append(record)
            said += events.drain(work.session)
        except Exception as exc:
            # What was said of a row that was not stored was never said.
            events.drain(work.session)
            problem = problem_of(exc, f"add {declaration.key}")
            if problem.answer().status >= 500:
                raise
            results.append(problem)
    for fact in said:
        events.emit(work.session, fact)
    return results
