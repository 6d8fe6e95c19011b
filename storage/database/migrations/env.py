"""Run revisions on the connection that `storage.database.migrate` opened; Alembic loads this file."""

from alembic import context
from sqlalchemy import text

from storage.database.engine import Base
from storage.database.migrate import ADVISORY_LOCK

connection = context.config.attributes["connection"]
schema, version_table = (context.config.attributes[name] for name in ("schema", "version_table"))

# A revision waiting behind a long read would make everybody wait behind it; `storage.database.migrate` tries again.
connection.execute(text("SET lock_timeout = '1s'"))
connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": ADVISORY_LOCK})
connection.commit()
context.configure(
    connection=connection,
    target_metadata=Base.metadata,
    transaction_per_migration=True,
    version_table=version_table,
    version_table_schema=schema,
)
with context.begin_transaction():
    context.run_migrations()
