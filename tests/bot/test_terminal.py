"""Show that no command prints a secret or people's data, and that texts in brackets are printed as they are."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from bot import terminal
from storage.database import migrate
from tests.support.cluster import connect
from tests.support.rapport import Commands

ROOT = Path(__file__).parents[2]
HOSTILE = (
    "[red]red[/red] [/] [link=https://evil.example]x[/link] :smile: \\[x] {0} \x1b[31m xoxb-1-canary jo@canary.example"
)

Rapport = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def rapport(admin_url: str, tmp_path: Path, commands: Commands) -> Rapport:
    """Run a command in a process of its own, as an operator does, on the test's database."""

    def run(*words: str, **settings: str) -> subprocess.CompletedProcess[str]:
        return commands.run(words, tmp_path, {"DATABASE_URL": admin_url, "COLUMNS": "1000", **settings})

    return run


def test_commands_print_through_one_place() -> None:
    wrong = []
    for path in sorted((ROOT / "bot").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            called = ast.unparse(node.func) if isinstance(node, ast.Call) else ""
            if called in {"print", "typer.echo", "typer.secho", "Console", "sys.stdout.write", "sys.stderr.write"}:
                wrong.append(f"{path.relative_to(ROOT)}: {called}")
    assert {one.partition(":")[0] for one in wrong} == {"bot/terminal.py"}, "print through its terminal"


def test_texts_are_printed_as_they_are_but_for_what_is_secret(capsys: pytest.CaptureFixture[str]) -> None:
    terminal.say(HOSTILE)
    terminal.say(HOSTILE, err=True)
    terminal.found(HOSTILE, HOSTILE, HOSTILE)
    terminal.found("One", "[bold]fine[/bold]")
    terminal.table([("one", "two"), (HOSTILE, "[b]x[/b]")])
    out, err = capsys.readouterr()
    for said in (out, err):
        assert "canary" not in said and "\x1b" not in said and "😄" not in said
        assert "[red]red[/red]" in said and "[link=https://evil.example]" in said
    assert "✗" in out and "→" in out
    assert "✓ One  [bold]fine[/bold]" in out
    assert "[b]x[/b]" in out


URLS = [
    "postgresql://app:canary@127.0.0.1:1/crm",
    "postgresql+psycopg://app:ca%40canary@127.0.0.1:1/crm",
    "postgresql://app:p@ss@canary@127.0.0.1:1/crm",
    "postgresql://app:pa/canary@127.0.0.1:1/crm",
    "postgresql://app:pa#canary@127.0.0.1:1/crm",
    "postgresql://127.0.0.1:1/crm?user=app&password=canary",
    "postgresql://app:canary@127.0.0.1:canary/crm",
    "postgresql://app:[canary@127.0.0.1/crm",
    "host=127.0.0.1 port=1 password=canary dbname=crm",
    "app:canary@127.0.0.1:1/crm",
    "canary",
]


@pytest.mark.parametrize("url", URLS)
@pytest.mark.parametrize("command", [["doctor"], ["db", "upgrade"]], ids=" ".join)
def test_no_command_prints_a_password(rapport: Rapport, command: list[str], url: str) -> None:
    tokens = {
        "SLACK_BOT_TOKEN": "xoxb-1-canary",
        "SLACK_SIGNING_SECRET": "c" * 32,
        "SLACK_API_URL": "http://127.0.0.1:1/",
    }
    ended = rapport(*command, **tokens, DATABASE_URL=url)
    assert ended.returncode != 0
    assert ended.stdout + ended.stderr != ""
    assert "canary" not in ended.stdout + ended.stderr
    assert command != ["doctor"] or "Traceback" not in ended.stderr


def test_the_doctor_prints_what_a_server_says_without_what_it_quotes(rapport: Rapport, admin_url: str) -> None:
    with connect(admin_url) as connection:
        connection.execute(
            "INSERT INTO workspace (id, name) VALUES ('T0ACME', 'Acme');"
            " INSERT INTO inbox (workspace_id, kind, body, state, error) VALUES ('T0ACME', 'message', '{}', 'dead',"
            " E'Traceback\n[bold]it[/bold] failed\npsycopg.errors.UniqueViolation: duplicate\n"
            "DETAIL:  Key (name)=(a\n\ncanary) already exists.')"
        )
    said = rapport("doctor", SLACK_SIGNING_SECRET="0" * 32).stdout
    assert "[bold]it[/bold] failed" in said
    assert "canary" not in said


def test_only_what_a_plugin_has_left_is_dropped(rapport: Rapport, admin_url: str) -> None:
    with connect(admin_url) as connection:
        for name in ("gone", 'odd "name"; DROP TABLE note', "[red]x[/red]"):
            quoted = '"' + name.replace('"', '""') + '"'
            connection.execute(f"CREATE SCHEMA {quoted}")
            connection.execute(f"CREATE TABLE {quoted}.alembic_version (version_num text)")
            connection.execute(f"GRANT USAGE ON SCHEMA {quoted} TO rapport_app")
            connection.execute(f"GRANT SELECT ON {quoted}.alembic_version TO rapport_app")
        # Of other programs in the same database: each has a part of what a plugin's schema has.
        for statement in (
            "CREATE SCHEMA other; CREATE TABLE other.alembic_version (version_num text)",
            "GRANT SELECT ON other.alembic_version TO PUBLIC",
            "CREATE SCHEMA third; CREATE TABLE third.alembic_version (version_num text)",
            "GRANT USAGE ON SCHEMA third TO PUBLIC",
            "CREATE SCHEMA notes; CREATE TABLE notes.mine (x text); GRANT USAGE ON SCHEMA notes TO PUBLIC",
        ):
            connection.execute(statement)
    kept = [
        "public",
        "pg_catalog",
        "pg_toast",
        "information_schema",
        "other",
        "third",
        "notes",
        "GONE",
        "gone ",
        "never",
        "",
        "*",
    ]
    for name in [*kept, "gone.alembic_version", '"gone"', "gone; DROP SCHEMA gone", "renewals"]:
        ended = rapport("db", "drop-plugin", "--yes", "--", name)
        assert (ended.returncode, ended.stdout) == (2, ""), name
        assert "Traceback" not in ended.stderr
        assert ("switch it off" if name == "renewals" else "left: [red]x[/red], gone, odd") in ended.stderr
    assert "[red]x[/red], gone, odd" in rapport("doctor").stdout

    assert rapport("db", "drop-plugin", "gone").returncode == 1, "nobody has said yes"
    assert "gone" in migrate.plugin_schemas(admin_url)
    for name in ("gone", 'odd "name"; DROP TABLE note', "[red]x[/red]"):
        ended = rapport("db", "drop-plugin", "--yes", "--", name)
        assert (ended.returncode, ended.stdout) == (0, f"The tables of {name} are gone.\n")
        again = rapport("db", "drop-plugin", "--yes", "--", name)
        assert (again.returncode, again.stdout) == (2, "")
        assert "nothing was deleted. No plugin has left any." in again.stderr or "have left" in again.stderr
    assert migrate.plugin_schemas(admin_url) == ["renewals"]
    with connect(admin_url) as connection:
        connection.execute(
            "SELECT FROM other.alembic_version, third.alembic_version, notes.mine, note, renewals.alembic_version"
        )


def test_what_a_plugin_that_is_switched_off_has_left_may_be_dropped(rapport: Rapport, admin_url: str) -> None:
    ended = rapport("db", "drop-plugin", "renewals", "--yes", RAPPORT_PLUGINS_OFF="renewals")
    assert (ended.returncode, ended.stdout) == (0, "The tables of renewals are gone.\n")
    assert migrate.plugin_schemas(admin_url) == []


def test_what_a_program_reads_is_printed_as_it_is(rapport: Rapport) -> None:
    ended = rapport("manifest", RAPPORT_PUBLIC_URL="https://jo@crm.example", SLACK_SIGNING_SECRET="0" * 32)
    assert "https://jo@crm.example" in json.dumps(json.loads(ended.stdout))
