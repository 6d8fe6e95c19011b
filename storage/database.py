"""Connect to Postgres as the application role and confine every transaction to one workspace.

The workspace is a setting of the transaction which row-level security compares with every row, so a query that forgets
its `WHERE workspace_id = ...` finds nothing of anybody else's.
"""

import select
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, ClassVar
from uuid import UUID

import psycopg
from sqlalchemy import (
    BigInteger,
    Boolean,
    Date,
    DateTime,
    Engine,
    Float,
    ForeignKeyConstraint,
    MetaData,
    Text,
    create_engine,
    event,
    make_url,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.dialects.postgresql import UUID as PG_UUID
from sqlalchemy.engine import URL
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session

APP_ROLE = "rapport_app"
EVERY_WORKSPACE = "*"

# What a table's `info` says about its rows; the migrations give it the policies, and a test compares the two.
TENANT = {"rls": "tenant"}
QUEUE = {"rls": "queue"}
GLOBAL = {"rls": "global"}


class Base(DeclarativeBase):
    """Collect the tables; text, bigint, timestamptz and jsonb are what the Python types mean."""

    # The names Postgres itself would choose, so that migrations and models agree on them.
    metadata = MetaData(
        naming_convention={
            "pk": "%(table_name)s_pkey",
            "fk": "%(table_name)s_%(column_0_N_name)s_fkey",
            "uq": "%(table_name)s_%(column_0_N_name)s_key",
            "ix": "%(table_name)s_%(column_0_N_name)s_idx",
            "ck": "%(table_name)s_%(constraint_name)s_check",
        }
    )
    type_annotation_map: ClassVar[dict[Any, Any]] = {
        str: Text(),
        int: BigInteger(),
        bool: Boolean(),
        float: Float(),
        date: Date(),
        datetime: DateTime(timezone=True),
        UUID: PG_UUID(),
        list[str]: ARRAY(Text()),
        dict[str, Any]: JSONB(),
        list[Any]: JSONB(),
    }


class CommitUnknown(Exception):
    """The connection broke while COMMIT was on its way: the changes are in the database or they are not."""


class WrongRole(Exception):
    """The connections do not act as the application role, so row-level security would not bind them."""


class Listener:
    """Receive what other connections NOTIFY, on a connection of its own."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection

    def wait(self, timeout: float) -> list[psycopg.Notify]:
        """Return the notifications that have come, after at most `timeout` seconds; an empty list if there are none.

        Raises psycopg.OperationalError when the connection is lost: what was sent meanwhile is lost too, so listen
        again and look at the tables.
        """
        return list(self._connection.notifies(timeout=timeout, stop_after=1))


class Database:
    """Hold the pool of connections that act as the application role.

    `url` is that of the login, which must be a member of `rapport_app`. All of a pool's connections are open at once at
    most (`pool_size`, no overflow), so that the sum over the replicas stays below the server's limit.
    """

    def __init__(self, url: str | URL, *, pool_size: int = 10, application_name: str = "rapport") -> None:
        self._url = login_url(url)
        self._application_name = application_name
        self.engine: Engine = create_engine(
            self._url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=2,
            hide_parameters=True,  # an error's text goes to the log, and the values are people's
            connect_args=self._connect_args(),
        )
        event.listen(self.engine, "checkout", _refuse_dead)

    def _connect_args(self) -> dict[str, Any]:
        # The role is a start-up option and not a SET ROLE in a connect hook: the first rollback would undo that and
        # leave the connection with the login's rights.
        given = self._url.query.get("options", "")
        # A server that looks whether its client still lives frees the locks of a killed process within seconds.
        own = (
            f"-c role={APP_ROLE} -c timezone=UTC -c idle_in_transaction_session_timeout=30s"
            " -c client_connection_check_interval=2s"
        )
        return {
            "application_name": self._application_name,
            "options": " ".join([*([given] if isinstance(given, str) else given), own]).strip(),
            "target_session_attrs": "read-write",
            "connect_timeout": 3,
            "keepalives_idle": 10,
            "tcp_user_timeout": 10_000,
        }

    @contextmanager
    def transaction(self, workspace_id: str, *, statement_timeout_ms: int | None = None) -> Iterator[Session]:
        """Open a transaction that sees one workspace, commit it at the end, roll it back on an exception.

        `'*'` sees the queue tables of every workspace, to claim and look up. Raises CommitUnknown if the connection
        broke during COMMIT; any other exception means that nothing was saved.
        """
        if not workspace_id or "\0" in workspace_id:
            raise ValueError("a transaction needs a workspace")
        with Session(self.engine, expire_on_commit=False, info={"workspace": workspace_id}) as session:
            _begin(session, workspace_id, statement_timeout_ms)
            yield session
            session.flush()
            try:
                session.commit()
            except DBAPIError as exc:
                if exc.connection_invalidated:
                    raise CommitUnknown from exc
                raise

    def check_role(self) -> None:
        """Raise WrongRole unless a connection that was used and given back still acts as the application role."""
        query = text("SELECT current_user, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user")
        for _ in range(2):
            with self.engine.connect() as connection:
                role, unbound = connection.execute(query).one()
            if role != APP_ROLE or unbound:
                raise WrongRole(f"The database acts for us as {role} and not as a plain {APP_ROLE}.")

    @contextmanager
    def listen(self, channels: Iterable[str]) -> Iterator[Listener]:
        """Open a connection outside the pool that hears the given NOTIFY channels."""
        url = self._url.set(drivername="postgresql").difference_update_query(["options"])
        connection = psycopg.connect(url.render_as_string(hide_password=False), autocommit=True, **self._connect_args())
        with connection:
            for channel in channels:
                connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            yield Listener(connection)

    def dispose(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()


def _begin(session: Session, workspace_id: str, statement_timeout_ms: int | None) -> None:
    """Begin a session's transaction and say what it may see, in one round trip."""
    quoted = workspace_id.replace("'", "''")
    settings = f"set_config('rapport.workspace', '{quoted}', true)"
    if statement_timeout_ms is not None:
        settings += f", set_config('statement_timeout', '{statement_timeout_ms:d}ms', true)"
    driver = session.connection().connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    # Below psycopg, which begins a transaction by itself, in a round trip of its own.
    done = driver.pgconn.exec_(f"BEGIN; SELECT {settings}".encode())
    if done.status != psycopg.pq.ExecStatus.TUPLES_OK:
        session.execute(text("SELECT 1"))  # which raises, as SQLAlchemy says such things
        raise AssertionError("a transaction that could not begin was used")


def _refuse_dead(connection: psycopg.Connection[Any], *_pool: Any) -> None:
    """Have a pool replace a connection that the server has closed.

    Nothing comes on an idle connection but its end, so a look at the socket serves as well as a question.
    """
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("the server has closed the connection")


def composite_key(column: str, target: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Return a foreign key that can not leave the workspace: (workspace_id, column) to (workspace_id, id) of target.

    With `ondelete="SET NULL"` only `column` is emptied, never the workspace.
    """
    return ForeignKeyConstraint(
        ["workspace_id", column],
        [f"{target}.workspace_id", f"{target}.id"],
        ondelete=f"SET NULL ({column})" if ondelete == "SET NULL" else ondelete,
    )


def login_url(url: str | URL) -> URL:
    """Return the URL with the driver this product uses, whatever spelling of `postgres://` it was given in."""
    return make_url(str(url).replace("postgres://", "postgresql://", 1) if isinstance(url, str) else url).set(
        drivername="postgresql+psycopg"
    )


def current_workspace(session: Session) -> str:
    """Return the id of the workspace that the session's transaction sees."""
    workspace = session.info["workspace"]
    assert isinstance(workspace, str)
    return workspace


_LOCK = text("SELECT pg_advisory_xact_lock(hashtextextended(:key, 0))")


def lock_until_end(session: Session, key: str) -> None:
    """Wait until no other transaction holds the lock of this key, and hold it until this one ends."""
    session.execute(_LOCK, {"key": key})


def notify(session: Session, channel: str, payload: str = "") -> None:
    """Tell those who listen on the channel, at the moment the transaction commits; `payload` is under 8,000 bytes."""
    session.execute(text("SELECT pg_notify(:channel, :payload)"), {"channel": channel, "payload": payload})
