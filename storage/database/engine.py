"""Connect to Postgres as the application role and confine every transaction to one workspace.

The workspace is a setting of the transaction which row-level security compares with every row, so a query that forgets
its `WHERE workspace_id = ...` finds nothing of anybody else's.
"""

import select
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, ClassVar, Self
from uuid import UUID

import psycopg
from sqlalchemy import (
    BigInteger,
    Boolean,
    Connection,
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
from sqlalchemy.engine import URL, ExceptionContext
from sqlalchemy.exc import DBAPIError, DisconnectionError
from sqlalchemy.orm import DeclarativeBase, Session

from storage.database.confinement import Unconfined, confine
from storage.database.outages import Outage, outage

APP_ROLE = "rapport_app"
EVERY_WORKSPACE = "*"
_LEARNED = "rapport.learned"
SCHEMA_VERSION = "rapport.schema_version"
"""Where a session's `info` says which version the schema of its workspace had when its transaction began.

None after the transaction itself has changed it.
"""

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


@dataclass
class DatabaseState:
    """Hold what is known about a database by all of a process's pools on it.

    `refusal` says why none of them is used now, `troubles` what has failed since the database was last asked.
    """

    refusal: Unconfined | None = None
    troubles: set[Outage] = field(default_factory=set)


class NotifyListener:
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

    def __init__(
        self,
        url: str | URL,
        *,
        pool_size: int = 10,
        application_name: str = "rapport",
        standing: DatabaseState | None = None,
    ) -> None:
        self.standing = standing or DatabaseState()
        self.url = login_url(url)
        self._application_name = application_name
        self.engine: Engine = create_engine(
            self.url,
            pool_size=pool_size,
            max_overflow=0,
            pool_timeout=2,
            hide_parameters=True,  # an error's text goes to the log, and the values are people's
            connect_args=self.start_up_options(),
        )
        event.listen(self.engine, "do_connect", lambda _dialect, _record, given, named: _open(*given, **named))
        event.listen(self.engine, "checkout", _refuse_dead)
        event.listen(self.engine, "handle_error", self._note)

    def another(self, *, pool_size: int, application_name: str) -> Self:
        """Return a pool of its own on the same database, which knows what this one knows about it."""
        return type(self)(self.url, pool_size=pool_size, application_name=application_name, standing=self.standing)

    def _alone(self) -> psycopg.Connection[Any]:
        """Open a connection outside the pool, on which each statement is a transaction."""
        url = self.url.set(drivername="postgresql").difference_update_query(["options"])
        return _open(url.render_as_string(hide_password=False), autocommit=True, **self.start_up_options())

    def start_up_options(self) -> dict[str, Any]:
        """Return what each connection asks for at its start."""
        # The role is a start-up option and not a SET ROLE in a connect hook: the first rollback would undo that and
        # leave the connection with the login's rights.
        given = self.url.query.get("options", "")
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
    def transaction(
        self, workspace_id: str, *, statement_timeout_ms: int | None = None, learning: str = "NULL"
    ) -> Iterator[Session]:
        """Open a transaction that sees one workspace, commit it at the end, roll it back on an exception.

        What it is `learning` is an expression of SQL, of our own and no input, whose text `learned` then returns: it is
        asked in the round trip in which the transaction begins anyway.

        `'*'` sees the queue tables of every workspace, to claim and look up. Raises CommitUnknown if the connection
        broke during COMMIT; any other exception means that nothing was saved. Unconfined is raised where row-level
        security would not bind the transaction.
        """
        if not workspace_id or "\0" in workspace_id:
            raise ValueError("a transaction needs a workspace")
        if self.standing.refusal:
            raise Unconfined(*self.standing.refusal.args)
        with Session(self.engine, expire_on_commit=False, info={"workspace": workspace_id}) as session:
            _begin(session, workspace_id, statement_timeout_ms, learning)
            yield session
            session.flush()
            try:
                session.commit()
            except DBAPIError as exc:
                if exc.connection_invalidated:
                    raise CommitUnknown from exc
                raise

    def examine(self) -> bool:
        """Raise Unconfined unless a connection of the pool is confined; no pool of the database is used until it is.

        Returns whether the connection is the server's own, and not a pooler's.
        """
        try:
            with self.engine.connect() as connection:
                direct = confine(_driver(connection))
        except Unconfined as exc:
            self.standing.refusal = exc
            raise
        self.standing.refusal = None
        return direct

    def ask(self) -> None:
        """Raise what keeps the database from serving: a question that takes a round trip, more after some trouble."""
        noted = set(self.standing.troubles)
        with self.transaction(EVERY_WORKSPACE, statement_timeout_ms=2_000) as session:
            session.execute(_WRITES)
            if Outage.FULL in noted:
                session.execute(text("SET LOCAL work_mem = '64kB'"))
                session.execute(_FILLS_A_FILE)
        if Outage.CROWDED in noted:
            self._alone().close()
        self.standing.troubles -= noted

    def _note(self, context: ExceptionContext) -> None:
        if kind := outage(context.original_exception):
            self.standing.troubles.add(kind)

    def keeps_sessions(self) -> bool:
        """Tell whether two connections stay the two they are, as they would not behind a pooler of transactions."""
        ask = "SELECT pg_backend_pid()"
        with self._alone() as one, self._alone() as other:
            pairs = {(one.execute(ask).fetchone(), other.execute(ask).fetchone()) for _ in range(4)}
        return len(pairs) == 1 and all(mine != theirs for mine, theirs in pairs)

    @contextmanager
    def listen(self, channels: Iterable[str]) -> Iterator[NotifyListener]:
        """Open a connection outside the pool that hears the given NOTIFY channels."""
        with self._alone() as connection:
            for channel in channels:
                connection.execute(psycopg.sql.SQL("LISTEN {}").format(psycopg.sql.Identifier(channel)))
            yield NotifyListener(connection)

    def dispose(self) -> None:
        """Close the pool's connections."""
        self.engine.dispose()


def _begin(session: Session, workspace_id: str, statement_timeout_ms: int | None, learning: str) -> None:
    """Begin a session's transaction, say what it may see and learn the schema's version, in one round trip."""
    quoted = workspace_id.replace("'", "''")
    settings = f"set_config('rapport.workspace', '{quoted}', true)"
    if statement_timeout_ms is not None:
        settings += f", set_config('statement_timeout', '{statement_timeout_ms:d}ms', true)"
    driver = _driver(session.connection())
    # Below psycopg, which begins a transaction by itself, in a round trip of its own. Whether the role is bound is
    # asked in the same one, as it may be given BYPASSRLS at any time.
    schema = f"(SELECT schema_version FROM workspace WHERE id = '{quoted}')"  # noqa: S608 - quoted above
    done = driver.pgconn.exec_(f"BEGIN; SELECT {settings}; SELECT {_IS_BOUND}, {schema}, {learning}".encode())
    if done.status != psycopg.pq.ExecStatus.TUPLES_OK:
        session.execute(text("SELECT 1"))  # which raises, as SQLAlchemy says such things
        raise AssertionError("a transaction that could not begin was used")
    if done.get_value(0, 0) == b"f":
        confine(driver)
        raise Unconfined("Row-level security did not bind a transaction.", "It was given up.")
    session.info[SCHEMA_VERSION] = int(done.get_value(0, 1) or 0)
    told = done.get_value(0, 2)
    session.info[_LEARNED] = None if told is None else told.decode()


def learned(session: Session) -> str | None:
    """Return what the session's transaction was learning as it began."""
    told: str | None = session.info[_LEARNED]
    return told


# It changes nothing, and fails where nothing may be changed.
_WRITES = text("UPDATE outbox_pause SET until = until WHERE false")

# More than fits in the memory it may use, so that it goes to the server's disk for a moment.
_FILLS_A_FILE = text("SELECT count(*) FROM generate_series(1, 100000)")

_IS_BOUND = "row_security_active(to_regclass('public.workspace'))"


def _driver(connection: Connection) -> psycopg.Connection[Any]:
    driver = connection.connection.driver_connection
    assert isinstance(driver, psycopg.Connection)
    return driver


def _open(*given: Any, **named: Any) -> psycopg.Connection[Any]:
    """Connect, and close the connection again where it would not be confined."""
    connection = psycopg.connect(*given, **named)
    try:
        confine(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _refuse_dead(connection: psycopg.Connection[Any], *_pool: Any) -> None:
    """Have a pool replace a connection that the server has closed.

    Nothing comes on an idle connection but its end, so a look at the socket serves as well as a question.
    """
    poll = select.poll()
    poll.register(connection.pgconn.socket, select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("the server has closed the connection")


def composite_key(column: str, target: str, *, ondelete: str | None = None) -> ForeignKeyConstraint:
    """Return a foreign key that cannot leave the workspace: (workspace_id, column) to (workspace_id, id) of target.

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
