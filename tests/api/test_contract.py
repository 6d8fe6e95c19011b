"""Hold the API to its own document, that of a workspace with fields and a noun of its own, by generated requests."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

from storage.crm.customers import CUSTOMER
from storage.database.engine import Database
from storage.records.schema import TYPES, field_definitions, noun_definitions
from tests.support.programs import Programs

CONFIGURATION = Path(__file__).parent / "schemathesis.toml"
EXAMPLES, MANY = 2, 30


def test_answers_are_those_of_the_document(
    programs: Programs, database: Database, workspace: str, tmp_path: Path, long_form: bool
) -> None:
    with database.transaction(workspace) as session:
        ship = noun_definitions.define(session, name="Ship", letter="S").key
        for kind in TYPES:
            more: dict[str, Any] = {"choices": ["Basic", "Plus"]} if kind == "choice" else {}
            link = "customer" if kind == "record" else ""
            field_definitions.define(session, CUSTOMER, name=f"Our {kind}", type=kind, links_to=link, **more)
    for noun in ("customer", ship):
        programs.key(workspace).adds(noun, name="Heron")
    # The model is there before anybody waits for it.
    programs.key(workspace).posts("classify", {"text": "The export fails"})
    program = programs.key(workspace, "customer:*", f"{ship}:*", member="UADMIN")
    command = [sys.executable, "-m", "schemathesis.cli", "--config-file", str(CONFIGURATION), "run"]
    command += [f"http://127.0.0.1:{program.port}/api/v1/openapi.json", "--no-color", "--generation-deterministic"]
    command += [
        "--header",
        f"Authorization: Bearer {program.secret}",
        "--max-examples",
        str(MANY if long_form else EXAMPLES),
    ]
    if not long_form:
        # What each parameter may be at its limits takes a minute and a half.
        command += ["--phases", "fuzzing,stateful"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path)
    assert done.returncode == 0, done.stdout + done.stderr
