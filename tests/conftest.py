"""Give tests a real Postgres: one server per pytest process, and a database of its own to each test."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy.orm import Session

from bot.registry import Registry, load
from storage.database import migrate
from storage.database.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from storage.database.engine import Database
from storage.workspace.members import Member, MemberKind, Role
from storage.workspace.workspaces import Workspace
from tests.support.cluster import Cluster
from tests.support.rapport import Commands
from tests.support.workspaces import SECOND_WORKSPACE, WORKSPACE

collect_ignore = ["outside/contracts"]
collect_ignore_glob = ["bot/plugins/*/*"]
"""What is run elsewhere: see tests/outside/test_outside.py and tests/bot/plugins/test_off.py."""


def pytest_addoption(parser: pytest.Parser) -> None:
    """Let `make torture` ask for more than there is time for at each change, and `make mutants` for less."""
    parser.addoption("--long", action="store_true", help="run the long forms of the tests that have one")
    parser.addoption("--warm", type=Path, help="what bench.torture.warm said: a server, a database and a model")


@pytest.fixture(scope="session")
def warm(request: pytest.FixtureRequest) -> dict[str, str]:
    """Return what there is already, nothing usually."""
    said: Path | None = request.config.getoption("--warm")
    return dict(json.loads(said.read_text())) if said else {}


@pytest.fixture(scope="session")
def long_form(request: pytest.FixtureRequest) -> bool:
    """Say whether the long forms are asked for."""
    return bool(request.config.getoption("--long"))


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory, warm: dict[str, str]) -> Iterator[Cluster]:
    """Start a Postgres that dies with this process."""
    if warm:
        lent = Cluster(warm["server"])
        yield lent
        lent.drop_all()
        return
    server = EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres"),
        settings={**UNSAFE_BUT_FAST, "max_connections": "300", "shared_buffers": "64MB", "autovacuum": "off"},
        dies_with_starter=True,
    )
    with closing(Cluster(server.start())) as cluster:
        yield cluster
    server.remove()


@pytest.fixture(scope="session")
def template(cluster: Cluster, warm: dict[str, str]) -> str:
    """Migrate one database to the newest revision; return the superuser's URL of it."""
    if warm:
        return warm["template"]
    url = cluster.create()
    for line in load().lines:
        migrate.upgrade(url, line=line)
    return url


@pytest.fixture
def admin_url(cluster: Cluster, template: str) -> Iterator[str]:
    """Lend a database made by the migrations; the URL is that of the superuser, who sees and may do everything."""
    url = cluster.lend(template)
    yield url
    cluster.give_back(template, url)


@pytest.fixture(scope="session")
def commands() -> Iterator[Commands]:
    """Have the program imported once for all the commands that tests run as processes."""
    with closing(Commands()) as ready:
        yield ready


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    """Make a database without any table."""
    url = cluster.create()
    yield url
    cluster.drop(url)


@pytest.fixture(scope="session")
def registry() -> Registry:
    """Read every plugin once."""
    return load()


@pytest.fixture(scope="session")
def models(tmp_path_factory: pytest.TempPathFactory, warm: dict[str, str]) -> Path:
    """Train the starter model once for all tests."""
    if warm:
        return Path(warm["data"])
    from ml.learn.train import ensure_starter

    folder = tmp_path_factory.mktemp("data")
    ensure_starter(folder / "models")
    return folder


@pytest.fixture
def database(cluster: Cluster, admin_url: str) -> Iterator[Database]:
    """Open the test's database as the application does."""
    database = cluster.open(admin_url)
    yield database
    cluster.close_or_keep(admin_url, database)


@pytest.fixture
def make_workspace(database: Database) -> Callable[[str], str]:
    """Make workspaces with a person for each role: UREP, UAGENT, UMANAGER, UADMIN, UVIEWER, and UGUEST with none."""

    def make(workspace_id: str) -> str:
        with database.transaction(workspace_id) as session:
            session.add(Workspace(id=workspace_id, name=f"{workspace_id.title()} Ltd"))
            session.flush()
            for role in Role:
                session.add(
                    Member(
                        workspace_id=workspace_id,
                        id=f"U{role.upper()}",
                        name=role.title(),
                        roles=[role],
                        kind=MemberKind.STAFF,
                        zone="Europe/Berlin",
                        locale="en-US",
                    )
                )
            session.add(Member(workspace_id=workspace_id, id="UGUEST", name="Guest", roles=[], kind=MemberKind.GUEST))
        return workspace_id

    return make


@pytest.fixture
def workspace(make_workspace: Callable[[str], str]) -> str:
    """Make the workspace of most tests and return its id."""
    return make_workspace(WORKSPACE)


@pytest.fixture
def second_workspace(make_workspace: Callable[[str], str]) -> str:
    """Make another workspace, whose rows nobody in the first may see."""
    return make_workspace(SECOND_WORKSPACE)


@pytest.fixture
def session(database: Database, workspace: str) -> Iterator[Session]:
    """Open a transaction in the workspace; it is rolled back, as a test may leave it broken."""
    with database.transaction(workspace) as session:
        yield session
        session.rollback()
