"""Switch row-level security off from outside, at the start and while the product runs: it does not serve."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing

import pytest

from sandbox.server import Sandbox
from tests.support.cluster import Cluster, connect
from tests.support.posted_events import event_status
from tests.support.replicas import StartReplica
from tests.support.waiting import until

WAYS = {
    "a role with BYPASSRLS": ("ALTER ROLE rapport_app BYPASSRLS", "ALTER ROLE rapport_app NOBYPASSRLS"),
    "a superuser": ("ALTER ROLE rapport_app SUPERUSER", "ALTER ROLE rapport_app NOSUPERUSER"),
    "a member of the searching role": ("GRANT rapport_search TO rapport_app", "REVOKE rapport_search FROM rapport_app"),
    "a table without": (
        "ALTER TABLE customer DISABLE ROW LEVEL SECURITY",
        "ALTER TABLE customer ENABLE ROW LEVEL SECURITY",
    ),
    "a policy for all": ("CREATE POLICY oops ON deal USING (true)", "DROP POLICY oops ON deal"),
}


@pytest.fixture
def switch(admin_url: str) -> Iterator[Callable[[str], None]]:
    """Run a statement as the superuser."""

    def run(statement: str) -> None:
        with closing(connect(admin_url)) as connection:
            connection.execute(statement.encode())

    yield run


@pytest.mark.parametrize("way", WAYS)
def test_a_start_with_isolation_off_ends_with_a_sentence(
    start: StartReplica, switch: Callable[[str], None], way: str
) -> None:
    off, on = WAYS[way]
    switch(off)
    try:
        replica = start(ready=False)
        assert replica.process.wait(90) == 2
    finally:
        switch(on)
    assert "keep workspaces apart" in replica.said
    assert "Traceback" not in replica.said
    assert "Rapport is running" not in replica.said
    assert len(replica.said.strip().splitlines()) == 1


@pytest.mark.parametrize("way", ["a role with BYPASSRLS", "a table without"])
def test_isolation_that_is_switched_off_while_it_serves_ends_the_serving(
    slack: Sandbox, start: StartReplica, switch: Callable[[str], None], admin_url: str, way: str
) -> None:
    replica = start()
    rep = slack.person("UAREP")
    assert "Added" in rep.types("/customer add Acme", channel="CGENERAL").text
    off, on = WAYS[way]
    switch(off)
    try:
        until(lambda: not replica.is_ready())
        status, why = replica.get("/readyz")
        assert (status, why["database"]) == (503, "would not keep workspaces apart")
        assert replica.get("/livez")[0] == 200
        said = rep.types("/customer add Borealis", channel="CGENERAL").text
        assert "nothing was done" in said and "keep workspaces apart" in said
        assert event_status(replica) == 503
    finally:
        switch(on)
    replica.wait_until_ready()
    until(lambda: "Added" in rep.types("/customer add Cygnus", channel="CGENERAL").text)
    with closing(connect(admin_url)) as connection:
        names = {name for (name,) in connection.execute("SELECT name FROM customer").fetchall()}
    assert "Acme" in names and "Borealis" not in names
    assert event_status(replica) == 200
    assert "Traceback" not in replica.said
    assert len([line for line in replica.said.splitlines() if "keep workspaces apart" in line]) == 1


def test_a_role_that_is_unbound_serves_not_one_more_request(
    slack: Sandbox, start: StartReplica, cluster: Cluster, switch: Callable[[str], None]
) -> None:
    start()
    rep = slack.person("UAREP")
    switch("ALTER ROLE rapport_app BYPASSRLS")
    try:
        assert "nothing was done" in rep.types("/customer add Acme", channel="CGENERAL").text
    finally:
        switch("ALTER ROLE rapport_app NOBYPASSRLS")
    assert "Added" in rep.types("/customer add Acme", channel="CGENERAL").text


def test_a_login_without_the_application_role_is_told_what_to_run(
    start: StartReplica, empty_url: str, cluster: Cluster
) -> None:
    replica = start(ready=False, settings={"DATABASE_URL": empty_url})
    assert replica.process.wait(90) == 2
    assert "rapport db upgrade" in replica.said
    assert "Traceback" not in replica.said
