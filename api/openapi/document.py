"""Describe the API as OpenAPI 3.1, from the nouns: the core's, or those of a workspace that a key may use."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from api import faces, records, related
from api.figures.answers import PERIODS
from api.problems import STATUS, TITLES
from storage.crm.notes import NoteKind
from storage.digests.metrics import Cut, Metric
from storage.names import NAME_LIMIT, NOTE_LIMIT
from storage.records.declaration import Declaration
from storage.workspace.api_keys import Verb

Json = dict[str, Any]

VERSION = "1"
MOMENT = {"type": "string", "format": "date-time"}
MAYBE_MOMENT = {"anyOf": [MOMENT, {"type": "null"}]}
ALWAYS = ("unauthenticated", "forbidden", "too-many", "unavailable", "failed")
WRITES = ("malformed", "too-large", "not-json", "invalid", "conflict")
ABOUT = (
    "Every noun has the same addresses. Send the key that an admin made with /crm api-key as `Authorization: Bearer`."
    " Filters are those of lists in Slack. A record's ETag is its version; PATCH takes it as If-Match."
    " A POST with an Idempotency-Key has its effect once."
)


@dataclass(frozen=True)
class Operation:
    """Describe one address and method; `verb` is what a key must be allowed, `body` the schema of what is sent.

    `path` begins below /api/v1/; `{noun}` and `{reference}` stand in those of every noun.
    """

    method: str
    path: str
    summary: str
    answer: str
    verb: Verb | None = None
    status: int = 200
    query: tuple[str, ...] = ()
    body: Callable[[Declaration | None], Json] | None = None
    problems: tuple[str, ...] = ()
    versioned: bool = False
    once: bool = field(default=False)

    @property
    def of_nouns(self) -> bool:
        """Tell whether every noun has it."""
        return "{noun}" in self.path


def _fields(declaration: Declaration, *, partial: bool, read: bool = False) -> Json:
    told = [one for one in declaration.fields if one.told_with and partial]
    shown = declaration.fields if read else (*declaration.entered, *told)
    properties = {one.key: faces.schema(one) for one in shown}
    required = [] if partial else [one.key for one in declaration.entered if one.required and not one.begins]
    return {"type": "object", "additionalProperties": False, "properties": properties} | (
        {"required": required} if required else {}
    )


def _new(declaration: Declaration | None) -> Json:
    assert declaration is not None
    return _object({"fields": {"$ref": _ref(f"{declaration.key}_new")}})


def _change(declaration: Declaration | None) -> Json:
    assert declaration is not None
    return _object({"fields": {"$ref": _ref(f"{declaration.key}_change")}})


def _many(declaration: Declaration | None) -> Json:
    # One that is not so is refused by itself.
    row = {"anyOf": [_new(declaration), {}]}
    rows = {"type": "array", "minItems": 1, "maxItems": records.MOST_AT_ONCE, "items": row}
    return _object({"records": rows})


def _object(properties: Json, *optional: str) -> Json:
    required = [name for name in properties if name not in optional]
    return {"type": "object", "additionalProperties": False, "properties": properties, "required": required}


TEXT = {"type": "string", "minLength": 1, "maxLength": NOTE_LIMIT}
OPERATIONS = (
    Operation("get", "records/{noun}", "List {nouns}", "page", Verb.READ, query=("filter", "sort", "cursor", "limit")),
    Operation("post", "records/{noun}", "Add a {one}", "record", Verb.ADD, 201, body=_new, once=True),
    Operation("post", "records/{noun}/bulk", "Add up to 1,000 {nouns}", "bulk", Verb.ADD, body=_many, once=True),
    Operation("get", "records/{noun}/{reference}", "Get a {one}", "record", Verb.READ),
    Operation(
        "patch", "records/{noun}/{reference}", "Change a {one}", "record", Verb.CHANGE, body=_change,
        problems=("changed", "version-needed"), versioned=True, once=True,
    ),
    Operation(
        "post", "records/{noun}/{reference}/archive", "Archive a {one}", "record", Verb.ARCHIVE,
        problems=("changed", "conflict"), versioned=True, once=True,
    ),
    Operation(
        "post", "records/{noun}/{reference}/restore", "Bring a {one} back", "record", Verb.ARCHIVE,
        problems=("changed", "conflict"), versioned=True, once=True,
    ),
    Operation(
        "post", "records/{noun}/{reference}/merge", "Merge a {one} into another", "record", Verb.MERGE,
        body=lambda _noun: _object({"into": {"type": "string"}, "anyway": {"type": "boolean"}}, "anyway"),
        problems=("changed", "conflict", "doubtful"), versioned=True, once=True,
    ),
    Operation(
        "get", "records/{noun}/{reference}/notes", "List the notes on a {one}", "notes", Verb.READ, query=("limit",),
    ),
    Operation(
        "post", "records/{noun}/{reference}/notes", "Note something on a {one}", "note", Verb.NOTE, 201, once=True,
        body=lambda _noun: _object(
            {"text": TEXT, "kind": {"type": "string", "enum": [str(kind) for kind in NoteKind]}, "at": MOMENT},
            "kind", "at",
        ),
    ),
    Operation(
        "get", "records/{noun}/{reference}/followups", "List the open follow-ups of a {one}", "followups", Verb.READ,
        query=("limit",),
    ),
    Operation(
        "post", "records/{noun}/{reference}/followups", "Set a follow-up on a {one}", "followup", Verb.NOTE, 201,
        body=lambda _noun: _object({"text": TEXT, "due_at": MOMENT, "owner": {"type": "string"}}, "owner"), once=True,
    ),
    Operation(
        "get", "records/{noun}/{reference}/history", "List what happened to a {one}", "history", Verb.READ,
        query=("limit",),
    ),
    Operation(
        "post", "followups/{reference}/done", "Finish a follow-up", "followup", problems=("not-found", "conflict"),
        once=True,
    ),
    Operation(
        "post", "followups/{reference}/cancel", "Cancel a follow-up", "followup", problems=("not-found", "conflict"),
        once=True,
    ),
    Operation("get", "search", "Find records by their names", "found", query=("q", "nouns", "limit")),
    Operation("get", "figures", "Tell the numbers behind digests", "figures", query=("period", "owner", "filter")),
    Operation(
        "get", "figures/{figure}", "Tell a number with the records it was counted from", "figure",
        query=("period", "owner", "filter", "by", "value", "limit"), problems=("not-found",),
    ),
    Operation(
        "post", "classify", "Say what a message is about", "verdict",
        body=lambda _noun: _object({"text": {"type": "string"}}),
    ),
    Operation(
        "post", "undo", "Take the key's newest change back", "undone", problems=("not-found", "conflict"), once=True,
    ),
    Operation("get", "key", "Say what the key may do", "key"),
    Operation("get", "openapi.json", "Describe what the key may use", "document"),
)  # fmt: skip
"""Everything there is below /api/v1/."""

_QUERY: Mapping[str, Json] = {
    "filter": {"schema": {"type": "string"}, "description": "As in Slack: `owner:me created>january`."},
    "sort": {"schema": {"type": "string"}, "description": "Fields, each with - before it for the other way round."},
    "cursor": {"schema": {"type": "string"}, "description": "The `next` of the page before."},
    "q": {"schema": {"type": "string"}, "description": "A name, even misspelt, or a reference."},
    "nouns": {"schema": {"type": "string"}, "description": "Nouns to look among, with commas between."},
    "period": {"schema": {"type": "string", "enum": list(PERIODS)}, "description": "Up to now; a week."},
    "owner": {"schema": {"type": "string"}, "description": "Slack's id of whose records count; else all count."},
    "by": {"schema": {"type": "string"}, "description": "What a part is cut by."},
    "value": {"schema": {"type": "string"}, "description": "Which part; left out, that without any."},
}
_ANSWERS: Mapping[str, Json] = {
    "bulk": _object(
        {
            "results": {"type": "array", "items": {"type": "object", "required": ["status"]}},
            "added": {"type": "integer"},
        }
    ),
    "notes": _object({"notes": {"type": "array", "items": {"type": "object"}}}),
    "note": {"type": "object", "required": ["about", "kind", "text", "at"]},
    "followups": _object({"followups": {"type": "array", "items": {"type": "object"}}}),
    "followup": {"type": "object", "required": ["id", "about", "text", "due_at", "owner", "status"]},
    "history": _object({"history": {"type": "array", "items": {"type": "object"}}}),
    "found": _object({"found": {"type": "array", "items": {"type": "object", "required": ["id", "noun", "name"]}}}),
    "figures": _object({"since": MOMENT, "until": MOMENT, "figures": {"type": "array", "items": {"type": "object"}}}),
    "figure": {"type": "object", "required": ["since", "until", "figure", "part", "count", "records"]},
    "verdict": {"type": "object", "required": ["category", "confidence", "abstained", "reasons"]},
    "undone": {"type": "object", "required": ["undone", "at"]},
    "key": {"type": "object", "required": ["name", "scopes", "expires_at"]},
    "document": {"type": "object", "required": ["openapi", "paths"]},
}


def document(
    nouns: Iterable[Declaration],
    may: Callable[[str, Verb], bool] = lambda _noun, _verb: True,
    figures: Sequence[str] = tuple(Metric),
    cuts: Sequence[str] = tuple(Cut),
) -> Json:
    """Return the OpenAPI document of what there is for these nouns and figures, as far as it is allowed."""
    known = list(nouns)
    paths: Json = {}
    schemas: Json = {"problem": _problem()}
    for declaration in known:
        schemas |= _schemas(declaration)
        for one in OPERATIONS:
            if one.of_nouns and one.verb and may(declaration.key, one.verb):
                path = f"/api/v1/{one.path}".replace("{noun}", declaration.key)
                paths.setdefault(path, {})[one.method] = _operation(one, declaration)
    for one in OPERATIONS:
        if not one.of_nouns:
            paths.setdefault(f"/api/v1/{one.path}", {})[one.method] = described = _operation(one, None)
            for parameter in described.get("parameters", ()):
                named = {"figure": figures, "by": cuts}.get(parameter["name"])
                if named:
                    parameter["schema"] = {"type": "string", "enum": list(map(str, named))}
    return {
        "openapi": "3.1.0",
        "info": {"title": "Rapport", "version": VERSION, "description": ABOUT},
        "paths": paths,
        "components": {
            "schemas": schemas,
            "securitySchemes": {"key": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"key": []}],
    }


def _operation(one: Operation, declaration: Declaration | None) -> Json:
    names = {}
    if declaration is not None:
        names = {"one": declaration.label.casefold(), "nouns": declaration.plural.casefold()}
    kinds = {*ALWAYS, *one.problems, *(WRITES if one.body else ()), *(("invalid",) if one.query or one.once else ())}
    if "{reference}" in one.path:
        kinds.add("not-found")
    answers: Json = {str(one.status): _answer(one, declaration)}
    for status in sorted({STATUS[kind] for kind in kinds}):
        told = "; ".join(TITLES[kind] for kind in sorted(kinds) if STATUS[kind] == status)
        content = {"application/problem+json": {"schema": {"$ref": _ref("problem")}}}
        answers[str(status)] = {"description": told, "content": content}
    name = f"{one.method}_{one.path}".replace("{noun}", declaration.key if declaration else "")
    described: Json = {
        "operationId": "".join(letter if letter.isalnum() else "_" for letter in name).strip("_"),
        "summary": one.summary.format(**names),
        "tags": [declaration.plural if declaration else "Everything"],
        "responses": answers,
    }
    if parameters := _parameters(one):
        described["parameters"] = parameters
    if one.body:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": one.body(declaration)}},
        }
    return described


def _parameters(one: Operation) -> list[Json]:
    found: list[Json] = []
    if "{reference}" in one.path:
        found.append(
            {"name": "reference", "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        )
    if "{figure}" in one.path:
        found.append({"name": "figure", "in": "path", "required": True, "schema": {"type": "string"}})
    for name in one.query:
        most = (
            records.MOST
            if one.answer in {"page", "figure"}
            else related.FOUND
            if one.answer == "found"
            else related.MOST
        )
        limit = {"schema": {"type": "integer", "minimum": 1, "maximum": most}}
        found.append({"name": name, "in": "query", **(limit if name == "limit" else _QUERY[name])})
    if one.versioned:
        told = "The ETag of the version that is meant, or *."
        schema = {"type": "string", "pattern": r'^(\*|"[0-9]{1,18}")$'}
        needed = "version-needed" in one.problems
        found.append({"name": "If-Match", "in": "header", "required": needed, "schema": schema, "description": told})
    if one.once:
        told = "The same key again gets the same answer, and has no second effect."
        schema = {"type": "string", "pattern": r"^[\x21-\x7e]{1,200}$"}
        found.append({"name": "Idempotency-Key", "in": "header", "schema": schema, "description": told})
    return found


def _answer(one: Operation, declaration: Declaration | None) -> Json:
    if declaration is not None and one.answer == "record":
        schema: Json = {"$ref": _ref(declaration.key)}
    elif declaration is not None and one.answer == "page":
        rows = {"type": "array", "items": {"$ref": _ref(declaration.key)}}
        schema = _object({"records": rows, "next": {"type": ["string", "null"]}})
    else:
        schema = _ANSWERS[one.answer]
    return {"description": "Done", "content": {"application/json": {"schema": schema}}}


def _schemas(declaration: Declaration) -> Json:
    whole = {
        "id": {"type": "string"},
        "noun": {"const": declaration.key},
        "version": {"type": "integer"},
        "fields": _fields(declaration, partial=True, read=True),
        "created_at": MOMENT,
        "created_by": {"type": ["string", "null"]},
        "updated_at": MOMENT,
        "archived_at": MAYBE_MOMENT,
    }
    return {
        declaration.key: _object(whole) | {"title": declaration.label},
        f"{declaration.key}_new": _fields(declaration, partial=False),
        f"{declaration.key}_change": _fields(declaration, partial=True),
    }


def _problem() -> Json:
    errors = _object({"field": {"type": "string", "maxLength": NAME_LIMIT}, "detail": {"type": "string"}})
    return {
        "type": "object",
        "required": ["type", "title", "status", "detail"],
        "properties": {
            "type": {"type": "string"},
            "title": {"type": "string"},
            "status": {"type": "integer"},
            "detail": {"type": "string"},
            "hint": {"type": "string"},
            "errors": {"type": "array", "items": errors},
        },
    }


def _ref(name: str) -> str:
    return f"#/components/schemas/{name}"
