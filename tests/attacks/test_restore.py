"""Take a backup while the bot serves, bring it to a server that has never seen us, and have the bot serve there."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from sqlalchemy import make_url

from bot.registry import load
from sandbox import sample_teams
from sandbox.control.client import Person
from sandbox.server import Sandbox
from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, DirectoryLock, EmbeddedPostgres
from tests.support import every_table
from tests.support.backups import run
from tests.support.cluster import Cluster
from tests.support.debian import debian_postgres
from tests.support.rapport import ROOT, Commands
from tests.support.replicas import StartReplica
from tests.support.waiting import until

GUIDE = ROOT / "docs" / "install.md"


class Operator:
    """Type `rapport` commands in a folder, with settings in the environment."""

    def __init__(self, folder: Path, slack: Sandbox, commands: Commands) -> None:
        self.folder = folder
        self.commands = commands
        self.settings: dict[str, str] = {
            "RAPPORT_DATA_DIR": str(folder / "data"),
            "SLACK_API_URL": f"{slack.url}/api/",
            "SLACK_BOT_TOKEN": "xoxb-a-sandbox",
            "SLACK_SIGNING_SECRET": sample_teams.SIGNING_SECRET,
        }

    def types(self, line: str, settings: Mapping[str, str], *, code: int = 0) -> str:
        """Run a command to its end and return all that it says; it ends with the code and never with a traceback."""
        done = self.commands.run(line.split(), self.folder, {**self.settings, **settings})
        said = done.stdout + done.stderr
        assert "Traceback" not in said, said
        assert done.returncode == code, said
        return said


@pytest.fixture
def operator(tmp_path: Path, slack: Sandbox, commands: Commands) -> Operator:
    """Sit at a machine with nothing in the folder."""
    return Operator(tmp_path, slack, commands)


@pytest.fixture
def elsewhere(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """Prepare Debian's server with the guide's SQL, and give the settings that lead there."""
    roles = re.findall(r"```sql\n(.*?)```", GUIDE.read_text("utf-8"), re.DOTALL)[0].replace("'...'", "'secret'")
    with debian_postgres(tmp_path / "debian") as admin:
        Cluster(admin).run(*(one for one in roles.split(";") if one.strip()))
        own = make_url(admin).set(database="rapport", password="secret")
        owner, login = (
            own.set(username=name).render_as_string(hide_password=False) for name in ("rapport_owner", "rapport")
        )
        superuser = make_url(admin).set(database="rapport").render_as_string(hide_password=False)
        yield {"DATABASE_URL": login, "DATABASE_ADMIN_URL": owner, "SUPERUSER": superuser}


def test_from_a_backup_of_what_serves_to_a_green_doctor_on_an_empty_server(
    operator: Operator, elsewhere: Mapping[str, str], admin_url: str, slack: Sandbox, start: StartReplica
) -> None:
    page = (ROOT / "docs" / "backup.md").read_text("utf-8")
    here = {"DATABASE_URL": admin_url}
    for typed in ("db backup rapport.backup", "db restore rapport.backup", "doctor", "db upgrade", "db move"):
        assert f"\nrapport {typed}\n" in page
    replica = start()
    rep = slack.person("UAREP")
    assert "Added" in rep.types("/customer add Acme", channel="CGENERAL").text
    said = operator.types("db backup rapport.backup", here)
    assert "rows of" in said
    assert (operator.folder / "rapport.backup").stat().st_mode & 0o777 == 0o600
    assert "Added" in rep.types("/customer add Later", channel="CGENERAL").text
    assert replica.stop() == 0

    assert "not empty" in operator.types("db restore rapport.backup", here, code=2)
    operator.types("db restore rapport.backup", elsewhere)
    assert "✗" not in operator.types("doctor", elsewhere)
    assert "not empty" in operator.types("db restore rapport.backup", elsewhere, code=2)
    start(settings={"DATABASE_URL": elsewhere["DATABASE_URL"]})
    assert "Acme" in rep.types("/customer show Acme", channel="CGENERAL").text
    assert "Added" in rep.types("/customer add Later", channel="CGENERAL").text
    operator.types("db backup again.backup", elsewhere)
    assert "Replace again.backup?" in operator.types("db backup again.backup", elsewhere, code=1)
    operator.types("db backup again.backup --yes", elsewhere)
    assert "The database is up to date" in operator.types("db upgrade", elsewhere)


def test_what_the_old_one_sent_after_the_backup_is_not_sent_again(
    operator: Operator, elsewhere: Mapping[str, str], admin_url: str, slack: Sandbox, start: StartReplica
) -> None:
    here, there = {"DATABASE_URL": admin_url}, elsewhere["SUPERUSER"]
    replica, rep = start(), slack.person("UAREP")
    rep.types("/customer add Acme", channel="CGENERAL")
    rep.types("/followup add C-1 when:tomorrow ask for the contract", channel="CGENERAL")
    assert replica.stop() == 0
    run(admin_url, "UPDATE followup SET due_at = date_trunc('minute', now())")
    run(admin_url, "UPDATE due SET at = followup.due_at FROM followup WHERE kind = 'followup'")
    assert run(admin_url, "SELECT count(*) FROM due WHERE kind = 'followup' AND at < now()") == [(1,)]
    operator.types("db backup file", here)

    replica = start()
    until(lambda: run(admin_url, "SELECT state FROM outbox WHERE kind = 'post' AND record = 'F-1'") == [("sent",)])
    assert replica.stop() == 0
    once = reminders(rep)
    assert len(once) == 1

    operator.types("db restore file", elsewhere)
    replica = start(settings={"DATABASE_URL": elsewhere["DATABASE_URL"]})
    sent = "SELECT count(*) FROM outbox WHERE record = 'F-1' AND kind = 'post' AND state = 'sent'"
    until(lambda: run(there, sent) == [(1,)])
    assert replica.stop() == 0
    assert reminders(rep) == once


def reminders(person: Person) -> list[str]:
    return [str(one["ts"]) for one in person.messages("@Rapport") if "ask for the contract" in str(one)]


def test_what_cannot_be_restored_is_a_sentence_and_changes_nothing(
    operator: Operator, elsewhere: Mapping[str, str], admin_url: str
) -> None:
    every_table.fill(admin_url, "T0ACME")
    operator.types("db backup file", {"DATABASE_URL": admin_url})
    whole = (operator.folder / "file").read_bytes()
    for broken in (whole[:-20], whole[:2000] + b"x" + whole[2001:], b"", b"-- PostgreSQL database dump"):
        (operator.folder / "broken").write_bytes(broken)
        assert "broken is" in operator.types("db restore broken", elsewhere, code=2)
    assert "No such file" in operator.types("db restore none", elsewhere, code=2)
    assert "permission denied" in operator.types("db restore file", {"DATABASE_URL": elsewhere["DATABASE_URL"]}, code=2)
    assert every_table.rows(elsewhere["SUPERUSER"]) == {}
    nowhere = {"DATABASE_URL": "postgresql://nobody@127.0.0.1:1/x"}
    assert "The database says" in operator.types("db restore file", nowhere, code=2)
    assert "The database says" in operator.types("db backup other", nowhere, code=2)
    assert "DATABASE_ADMIN_URL" in operator.types("db upgrade", {"DATABASE_URL": elsewhere["DATABASE_URL"]}, code=2)


def test_a_backup_of_the_embedded_database_comes_back_into_an_embedded_one(operator: Operator) -> None:
    assert "There is no database" in operator.types("db backup file", {}, code=2)
    with EmbeddedPostgres(operator.folder / "data" / "postgres", settings=UNSAFE_BUT_FAST) as server:
        for line in load().lines:
            migrate.upgrade(server.start(), line=line)
        every_table.fill(server.start(), "T0ACME")
        before = every_table.rows(server.start())
        operator.types("db backup file", {})
    (operator.folder / "data" / "postgres").rename(operator.folder / "old")
    operator.types("db restore file", {})
    with EmbeddedPostgres(operator.folder / "data" / "postgres", settings=UNSAFE_BUT_FAST) as server:
        assert every_table.rows(server.start()) == before
    EmbeddedPostgres(operator.folder / "data" / "postgres").remove()


def test_the_embedded_database_moves_to_a_server(operator: Operator, elsewhere: Mapping[str, str]) -> None:
    data = operator.folder / "data"
    assert "no embedded database" in operator.types("db move", elsewhere, code=2)
    with EmbeddedPostgres(data / "postgres", settings=UNSAFE_BUT_FAST) as server:
        for line in load().lines:
            migrate.upgrade(server.start(), line=line)
        every_table.fill(server.start(), "T0ACME", "T0OTHER")
        before = every_table.rows(server.start())
        assert "Set DATABASE_URL" in operator.types("db move", {}, code=2)
        with DirectoryLock(data):
            assert "is in use by" in operator.types("db move", elsewhere, code=2)
        away = {**elsewhere, "DATABASE_ADMIN_URL": "postgresql://nobody@127.0.0.1:1/x"}
        assert "The database says" in operator.types("db move", away, code=2)
        said = operator.types("db move", elsewhere)
        assert "DATABASE_URL is set" in said
        assert every_table.rows(elsewhere["SUPERUSER"]) == before
        assert every_table.rows(server.start()) == before
        assert "not empty" in operator.types("db move", elsewhere, code=2)
    assert "✗" not in operator.types("doctor", elsewhere)
    assert sorted(path.name for path in data.iterdir()) == ["lock", "postgres"]
    EmbeddedPostgres(data / "postgres").remove()
