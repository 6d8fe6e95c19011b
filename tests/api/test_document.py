"""Show that the document says what there is, and only what the key may use."""

from __future__ import annotations

import re
from typing import Any

import jsonschema
import pytest
from fastapi.routing import APIRoute

from api import faces
from api.openapi.document import OPERATIONS
from api.routes import router
from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.records.fields import RecordField, SettingField
from storage.records.schema import TYPES, field_definitions
from storage.workspace.api_keys import Verb
from tests.support.programs import Program, Programs


def test_every_route_is_described_and_no_other() -> None:
    routes = {
        (method.lower(), route.path.removeprefix("/v1/"))
        for route in router.routes
        # What plugins serve at addresses of their own is theirs to describe.
        if isinstance(route, APIRoute) and not re.search("/plugins/|/hooks/", route.path)
        for method in route.methods or ()
    }
    assert routes == {(one.method, one.path) for one in OPERATIONS}


def kinds(of: type[RecordField]) -> set[type[RecordField]]:
    return {of, *(found for kind in of.__subclasses__() for found in kinds(kind))}


def test_every_type_of_field_has_a_face() -> None:
    own = {kind for kind in kinds(RecordField) if kind.__module__.startswith("storage.records.")} - {RecordField}
    # A workspace gives its nouns no fields of settings.
    assert own == faces.FACES.keys() == {*TYPES.values(), SettingField}


def test_the_core_is_described_to_everybody(programs: Programs) -> None:
    nobody = programs.nobody()
    document = nobody.sends("GET", "/api/openapi.json").json
    assert document["openapi"] == "3.1.0"
    assert "/api/v1/records/contact/{reference}/merge" in document["paths"]
    page = nobody.sends("GET", "/api/docs")
    assert page.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "Add a customer" in page.text
    assert "id=invalid" in page.text
    assert "<script" not in page.text


def test_a_workspaces_own_fields_are_described_to_its_keys(
    programs: Programs, database: Database, workspace: str, second_workspace: str
) -> None:
    with database.transaction(workspace) as session:
        field_definitions.define(session, CUSTOMER, name="<b>Seats</b>", key="seats", type="number", required=True)
    fields = programs.key(workspace).gets("openapi.json").json["components"]["schemas"]["customer_new"]
    assert fields["properties"]["seats"] == {"type": "number", "title": "<b>Seats</b>"} | {
        "minimum": -((2**63 - 1) // 10**4),
        "maximum": (2**63 - 1) // 10**4,
    }
    assert fields["required"] == ["name", "seats"]
    assert "seats" not in str(programs.key(second_workspace).gets("openapi.json").json)
    assert "seats" not in str(programs.nobody().sends("GET", "/api/openapi.json").json)


def test_a_key_is_told_of_what_it_may_use(programs: Programs, workspace: str) -> None:
    paths = programs.key(workspace, "customer:read", "contact:add").gets("openapi.json").json["paths"]
    methods = {(method, path) for path, known in paths.items() for method in known if "/records/" in path}
    assert ("get", "/api/v1/records/customer") in methods
    assert ("post", "/api/v1/records/contact") in methods
    assert ("post", "/api/v1/records/customer") not in methods
    assert ("get", "/api/v1/records/contact") not in methods
    reads = [one for one in OPERATIONS if one.of_nouns and one.verb is Verb.READ]
    adds = [one for one in OPERATIONS if one.of_nouns and one.verb is Verb.ADD]
    assert len(methods) == len(reads) + len(adds)


@pytest.mark.parametrize("noun", ["customer", "contact"])
def test_answers_are_as_described(program: Program, noun: str) -> None:
    document = program.gets("openapi.json").json

    def check(value: Any, name: str) -> None:
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema.validate(value, schema, jsonschema.Draft202012Validator)

    made = program.adds(noun, name="Heron")
    check(made, noun)
    check(made["fields"], f"{noun}_new")
    check(program.posts(f"records/{noun}", {"fields": {"name": ""}}).json, "problem")
    assert program.changes(made_path := f"records/{noun}/{made['id']}", made["fields"]).status == 200
    assert program.gets(made_path).json == made
