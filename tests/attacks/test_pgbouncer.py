"""Put PgBouncer between the product and its server: a start says in one sentence why not, or it serves as it should."""

from __future__ import annotations

from collections.abc import Iterator
from urllib.parse import quote

import pytest

from bot.registry import load
from sandbox.server import Sandbox
from storage.database import migrate
from tests.support.replicas import StartReplica
from tests.support.servers import PASSWORD, Server, needs_pgbouncer, open_folder, pgbouncer, postgres, quoted

LOGIN = "rapport_login"
IGNORED = "options,extra_float_digits"


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    """Run a migrated server of Debian's."""
    needs_pgbouncer()
    with open_folder() as folder, postgres(folder) as server:
        server.run(f"CREATE ROLE {LOGIN} LOGIN PASSWORD {quoted(PASSWORD)}")
        for line in load().lines:
            migrate.upgrade(server.url, line=line, login=LOGIN)
        yield server


def through(port: int, login: str = LOGIN) -> dict[str, str | None]:
    return {"DATABASE_URL": f"postgresql://{login}:{quote(PASSWORD)}@127.0.0.1:{port}/postgres"}


@pytest.mark.parametrize("mode", ["session", "transaction"])
@pytest.mark.parametrize(
    ("login", "settings", "said"),
    [
        (LOGIN, {}, "refuses the start-up options"),
        (LOGIN, {"ignore_startup_parameters": IGNORED}, f"acts for us as {LOGIN}"),
        ("postgres", {"ignore_startup_parameters": IGNORED}, "acts for us as postgres"),
    ],
    ids=["as it comes", "options dropped", "options dropped for a superuser"],
)
def test_a_pooler_that_loses_the_role_is_refused_in_one_sentence(
    server: Server, start: StartReplica, mode: str, login: str, settings: dict[str, str], said: str
) -> None:
    with pgbouncer(server, [LOGIN, "postgres"], pool_mode=mode, **settings) as port:
        replica = start(ready=False, settings=through(port, login))
        assert replica.process.wait(120) == 2
    assert said in replica.said
    assert "PgBouncer" in replica.said and "DATABASE_URL" in replica.said
    assert "Traceback" not in replica.said
    assert len(replica.said.strip().splitlines()) == 1


def test_a_pooler_of_statements_is_refused_in_one_sentence(server: Server, start: StartReplica) -> None:
    given = {"pool_mode": "statement", "ignore_startup_parameters": IGNORED}
    with pgbouncer(server, [LOGIN], **given) as port:
        replica = start(ready=False, settings=through(port))
        assert replica.process.wait(120) == 2
    assert "pool_mode = statement" in replica.said
    assert len(replica.said.strip().splitlines()) == 1


SESSION = ["timezone = 'UTC'", "idle_in_transaction_session_timeout = '30s'", "role = 'rapport_app'"]


@pytest.fixture
def by_role(server: Server) -> Iterator[None]:
    """Give the login by itself what the start-up options ask for, so that a pooler may drop them."""
    server.run(*(f"ALTER ROLE {LOGIN} SET {one}" for one in SESSION))
    yield
    server.run(f"ALTER ROLE {LOGIN} RESET ALL")


@pytest.mark.usefixtures("by_role")
@pytest.mark.parametrize("settings", [{}, {"server_round_robin": "1"}], ids=["the last first", "in turn"])
def test_a_pooler_of_transactions_is_refused_also_where_the_role_is_right(
    server: Server, start: StartReplica, settings: dict[str, str]
) -> None:
    given = {"pool_mode": "transaction", "ignore_startup_parameters": IGNORED, **settings}
    with pgbouncer(server, [LOGIN], **given) as port:
        replica = start(ready=False, settings=through(port))
        assert replica.process.wait(120) == 2
    assert "pool_mode = transaction" in replica.said and "LISTEN" in replica.said
    assert "Traceback" not in replica.said


@pytest.mark.usefixtures("by_role")
def test_a_pooler_of_sessions_that_loses_nothing_serves(server: Server, slack: Sandbox, start: StartReplica) -> None:
    given = {"pool_mode": "session", "ignore_startup_parameters": IGNORED, "default_pool_size": "60"}
    # What resets a session between two clients would also reset the role.
    given |= {"server_reset_query": "CLOSE ALL; UNLISTEN *; SELECT pg_advisory_unlock_all()"}
    with pgbouncer(server, [LOGIN], **given) as port:
        replica = start(settings=through(port))
        assert "Added" in slack.person("UAREP").types("/customer add Acme", channel="CGENERAL").text
        assert replica.stop() == 0
    assert "Traceback" not in replica.said
