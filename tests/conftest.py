"""Give tests a real Postgres: one server per pytest process, one database per test, copied from a migrated template."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import NullPool, create_engine, make_url, text
from sqlalchemy.orm import Session

from bot.registry import load
from storage import migrate
from storage.database import Database
from storage.embedded import UNSAFE_BUT_FAST, EmbeddedPostgres
from storage.members import Kind, Member, Role
from storage.workspaces import Workspace

WORKSPACE = "T0ACME"
SECOND_WORKSPACE = "T0OTHER"


class Cluster:
    """Create and drop databases on one server."""

    def __init__(self, admin_url: str) -> None:
        self.admin_url = admin_url
        self._numbers = itertools.count(1)

    def run(self, *statements: str) -> None:
        """Run statements as the superuser, each on its own, as CREATE DATABASE demands."""
        engine = create_engine(self.admin_url, poolclass=NullPool, isolation_level="AUTOCOMMIT")
        with engine.connect() as connection:
            for statement in statements:
                connection.execute(text(statement))

    def create(self, template: str | None = None) -> str:
        """Make a database and return the superuser's URL of it."""
        name = f"rapport_{next(self._numbers)}"
        source = f"TEMPLATE {make_url(template).database} STRATEGY FILE_COPY" if template else "TEMPLATE template0"
        self.run(f"CREATE DATABASE {name} {source}")
        return make_url(self.admin_url).set(database=name).render_as_string(hide_password=False)

    def drop(self, url: str) -> None:
        """Drop a database, whoever is still connected to it."""
        self.run(f"DROP DATABASE IF EXISTS {make_url(url).database} WITH (FORCE)")


@pytest.fixture(scope="session")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """Start a Postgres that dies with this process."""
    server = EmbeddedPostgres(
        tmp_path_factory.mktemp("postgres"),
        settings={**UNSAFE_BUT_FAST, "max_connections": "60", "shared_buffers": "64MB", "autovacuum": "off"},
        dies_with_starter=True,
    )
    yield Cluster(server.start())
    server.remove()


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """Migrate one database to the newest revision; return the superuser's URL of it."""
    url = cluster.create()
    for line in load().lines:
        migrate.upgrade(url, line=line)
    return url


@pytest.fixture
def admin_url(cluster: Cluster, template: str) -> Iterator[str]:
    """Copy the template; the superuser's URL, who sees and may do everything."""
    url = cluster.create(template)
    yield url
    cluster.drop(url)


@pytest.fixture
def empty_url(cluster: Cluster) -> Iterator[str]:
    """Make a database without any table."""
    url = cluster.create()
    yield url
    cluster.drop(url)


@pytest.fixture
def database(admin_url: str) -> Iterator[Database]:
    """Open the test's database as the application does."""
    database = Database(admin_url, pool_size=5)
    yield database
    database.dispose()


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
                        kind=Kind.STAFF,
                        zone="Europe/Berlin",
                        locale="en-US",
                    )
                )
            session.add(Member(workspace_id=workspace_id, id="UGUEST", name="Guest", roles=[], kind=Kind.GUEST))
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
