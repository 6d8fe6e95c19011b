"""Do with the records of any noun what its declaration allows: list, get, add, change, archive, restore, merge."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm.exc import StaleDataError

from api import faces, payloads
from api.calls import Work
from api.problems import Answer, HttpProblem, problem_of
from storage import events
from storage.errors import CrmError, Doubtful, Invalid, NotFound
from storage.names import check_text, short
from storage.records import history, lifecycle, listing, named
from storage.records.declaration import Declaration
from storage.records.fields import PersonField
from storage.records.named import Named
from storage.records.query import MOST_FILTERS, parse_filters
from storage.workspace.api_keys import Verb

PAGE, MOST = 50, 200
MOST_AT_ONCE = 1_000

_SORT = re.compile(r"-?[\w-]+(,-?[\w-]+)*")
_VERSION = re.compile(r'"([0-9]{1,18})"')

Json = Mapping[str, Any]
Result = Named | HttpProblem
"""What became of a row: a record, or why there is none."""


def listed(work: Work, noun: str, *, filters: str = "", sort: str = "", cursor: str = "", limit: int = PAGE) -> Answer:
    """List records that are neither archived nor merged, by filters as in Slack, on from where a page ended."""
    declaration = work.noun(noun, Verb.READ)
    query, values = work.bot.understand(filters, work.session, declaration.filters, work.caller)
    if sort:
        if _SORT.fullmatch(sort) is None or sort.count(",") >= MOST_FILTERS:
            raise Invalid(
                "{sort} is no order.", field="sort", sort=short(sort, 80), hint="Write for example -created,name."
            )
        query = type(query)(query.conditions, parse_filters([f"sort:{sort}"]).sort)
    beyond = _ended(cursor) if cursor else None
    page = listing.page(work.session, declaration, query, values, limit=limit, beyond=beyond, whole=True, flat=True)
    following = base64.urlsafe_b64encode(json.dumps(page.last).encode()).decode().rstrip("=") if page.more else None
    return Answer(200, {"records": payloads.records(work.session, declaration, page.records), "next": following})


def _ended(cursor: str) -> Sequence[Any]:
    """Return where a page ended; raise Invalid for a text that cannot say so."""
    try:
        values = json.loads(base64.urlsafe_b64decode(cursor.encode() + b"=" * (-len(cursor) % 4)))
        if isinstance(values, list):
            return [check_text(value) if isinstance(value, str) else value for value in values]
    except (Invalid, ValueError, RecursionError):
        pass
    raise Invalid("This is not where a page of this list ended.", field="cursor", typed=short(cursor, 200))


def got(work: Work, noun: str, reference: str) -> Answer:
    """Get one record; the reference of one that was merged leads to the one it is part of now."""
    declaration = work.noun(noun, Verb.READ)
    return _one(work, declaration, found(work, declaration, reference))


def added(work: Work, noun: str, body: Json) -> Answer:
    """Add a record of the values in `fields`."""
    declaration = work.noun(noun, Verb.ADD)
    record = lifecycle.add(work.session, declaration, _of_new(work, declaration, body))
    answer = _one(work, declaration, record, status=201)
    return Answer(201, answer.body, {**answer.headers, "location": f"/api/v1/records/{noun}/{record.reference}"})


def changed(work: Work, noun: str, reference: str, body: Json, version: str | None) -> Answer:
    """Change the values in `fields`, null taking one away, of a record that is still at a version."""
    declaration = work.noun(noun, Verb.CHANGE)
    if version is None:
        raise HttpProblem("version-needed", "Send the record's ETag as If-Match, or * to change any version.")
    record = _at(work, found(work, declaration, reference), version)
    try:
        lifecycle.change(work.session, declaration, record, _values(work, declaration, body))
    except StaleDataError:
        raise HttpProblem("changed", "Somebody else changed this at the same moment.") from None
    return _one(work, declaration, record)


def archived(work: Work, noun: str, reference: str, version: str | None = None, *, back: bool = False) -> Answer:
    """Take a record out of lists and searches, or bring it back."""
    declaration = work.noun(noun, Verb.ARCHIVE)
    record = _at(work, found(work, declaration, reference), version)
    (lifecycle.restore if back else lifecycle.archive)(work.session, record)
    return _one(work, declaration, record)


def merged(work: Work, noun: str, reference: str, body: Json, version: str | None = None) -> Answer:
    """Make a record part of another, named by `into`, which is returned."""
    declaration = work.noun(noun, Verb.MERGE)
    only(body, "into", "anyway")
    into = body.get("into")
    if not isinstance(into, str):
        raise Invalid("{name} is to be a reference.", field="into", name="into")
    gone = _at(work, found(work, declaration, reference), version)
    try:
        kept = found(work, declaration, into)
    except CrmError as error:
        raise error.on_field("into") from None
    meant = body.get("anyway", False)
    if not isinstance(meant, bool):
        raise Invalid("{name} is to be true or false.", field="anyway", name="anyway")
    try:
        return _one(work, declaration, lifecycle.merge(work.session, declaration, gone, kept, meant=meant))
    except Doubtful as doubt:
        raise HttpProblem("doubtful", f'{doubt} Ask whoever wants this, then repeat it with "anyway": true.') from None


def added_many(work: Work, noun: str, body: Json) -> Answer:
    """Add up to 1,000 records and tell of each row what became of it."""
    declaration = work.noun(noun, Verb.ADD)
    only(body, "records")
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
                    values = _of_new(work, declaration, row)
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
                record = lifecycle.add(work.session, declaration, _of_new(work, declaration, row))
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


def only(body: Json, *names: str) -> None:
    """Raise Invalid, naming the first, for members of a body that nothing is known of."""
    for name in body:
        if name not in names:
            raise Invalid("There is no {name} here.", field=short(name, 60), name=short(name, 60))


def found(work: Work, declaration: Declaration, reference: str) -> Named:
    """Return the record of a reference, or the one that it is part of now; raise NotFound if there is none."""
    record = named.by_reference(work.session, declaration.model, reference)
    if record is None:
        raise NotFound("There is no {reference}.", reference=short(reference, 60))
    return record


def _of_new(work: Work, declaration: Declaration, body: Any) -> dict[str, Any]:
    """Return the values of a new record: what is given, else that it is theirs as whom the key acts."""
    owner = work.caller.owner_id
    mine = {field.key: owner for field in declaration.fields if isinstance(field, PersonField) and field.mine and owner}
    return {**mine, **_values(work, declaration, body)}


def _one(work: Work, declaration: Declaration, record: Named, status: int = 200) -> Answer:
    return Answer(status, payloads.record(work.session, declaration, record), {"etag": f'"{record.version}"'})


def _at(work: Work, record: Named, version: str | None) -> Named:
    """Return the record if it is still at the version of an If-Match header; raise HttpProblem where not."""
    if version is None or version.strip() == "*":
        return record
    known = [match for match in (_VERSION.fullmatch(one.strip()) for one in version.split(",")) if match]
    if any(int(match[1]) == record.version for match in known):
        return record
    raise HttpProblem(
        "changed",
        f"{record.reference} is at version {record.version}, last changed by"
        f" {history.last_actor(work.session, record.__noun__, record.id)}.",
        version=record.version,
    )


def _values(work: Work, declaration: Declaration, body: Any) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Invalid("A record is to be an object.", field="fields")
    only(body, "fields")
    given = body.get("fields")
    if not isinstance(given, dict):
        raise Invalid("{name} is to be an object.", field="fields", name="fields")
    values: dict[str, Any] = {}
    for key, value in given.items():
        field = declaration.field(key)
        values[key] = None if value is None else faces.face(field).read(field, value, work.session)
    return values
