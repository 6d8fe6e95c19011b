"""Let an index give the orders in which the records of every noun can be asked for.

Revision ID: 0027
"""

from alembic import op

revision = "0027"
down_revision = "0026"
branch_labels = None
depends_on = None

INDEXES = (
    ("contact", "created_at", "id"),
    ("customer", "tier", "id"),
    *((noun, "updated_at", "id") for noun in ("customer", "contact", "deal", "ticket")),
    ("own_record", "noun", "updated_at", "id"),
)
"""Tables, and the columns that the index has after the workspace."""


def upgrade() -> None:
    with op.get_context().autocommit_block():
        for table, *columns in INDEXES:
            # One that was not finished is there, and serves nothing.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {_name(table, columns)}")
            op.execute(
                f"CREATE INDEX CONCURRENTLY {_name(table, columns)} ON {table} (workspace_id, {', '.join(columns)})"
            )


def downgrade() -> None:
    for table, *columns in INDEXES:
        op.execute(f"DROP INDEX {_name(table, columns)}")


def _name(table: str, columns: list[str]) -> str:
    return f"{table}_workspace_id_{'_'.join(columns)}_idx"
