"""Let each workspace name and add choices of fields that come with the product, and move records between settings.

A ticket's own status stands beside the kind that it is of: `standing` is what people see, `status` what rules know.

Revision ID: 0035
"""

import sqlalchemy as sa
from alembic import op

from storage.database.policies import keep_identity, queue_table, tenant_table, workspace_id

revision = "0035"
down_revision = "0034"
branch_labels = None
depends_on = None

KEY = sa.Text(collation="C")
MOMENT = sa.TIMESTAMP(timezone=True)
STATES = ("running", "done", "undoing", "undone", "failed")

# The release before knows nothing of `standing`.
KEEP_STANDING = """
CREATE OR REPLACE FUNCTION keep_standing() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    IF TG_OP = 'INSERT' THEN
        NEW.standing := coalesce(NEW.standing, NEW.status);
    ELSIF NEW.status IS DISTINCT FROM OLD.status AND NEW.standing IS NOT DISTINCT FROM OLD.standing THEN
        NEW.standing := NEW.status;
    END IF;
    RETURN NEW;
END $$
"""


def upgrade() -> None:
    op.create_table(
        "choice",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("noun", sa.Text, nullable=False),
        sa.Column("field", sa.Text, nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("place", sa.BigInteger, nullable=False),
        sa.Column("standard", sa.Boolean, nullable=False),
        sa.Column("merged_into", sa.Text),
        sa.Column("retired_at", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_index(
        "choice_name_key",
        "choice",
        ["workspace_id", "noun", "field", "name_key"],
        unique=True,
        postgresql_where=sa.text("retired_at IS NULL"),
    )
    op.create_index(
        "choice_standard_key",
        "choice",
        ["workspace_id", "noun", "field", "kind"],
        unique=True,
        postgresql_where=sa.text("standard"),
    )
    tenant_table(op, "choice")
    op.execute(
        "CREATE TRIGGER raise_schema_version AFTER INSERT OR UPDATE OR DELETE ON choice"
        " FOR EACH ROW EXECUTE FUNCTION public.raise_schema_version()"
    )
    op.create_table(
        "records_move",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("state", sa.Text, nullable=False, server_default="running"),
        *(
            sa.Column(name, sa.Text, nullable=False)
            for name in ("what", "noun", "from_key", "to_key", "from_name", "to_name")
        ),
        sa.Column("total", sa.BigInteger, nullable=False),
        *(
            sa.Column(name, sa.BigInteger, nullable=False, server_default="0")
            for name in ("moved", "undone", "kept", "attempt")
        ),
        sa.Column("actor_id", sa.Text),
        sa.Column("change_set_id", sa.BigInteger),
        sa.Column("undo_change_set_id", sa.BigInteger),
        sa.Column("undo_before", sa.BigInteger),
        sa.Column("error", sa.Text),
        sa.Column("card_id", sa.Uuid),
        sa.Column("lease_until", MOMENT),
        sa.Column("created_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", MOMENT, nullable=False, server_default=sa.func.now()),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        *(
            sa.ForeignKeyConstraint(["workspace_id", column], ["change_set.workspace_id", "change_set.id"])
            for column in ("change_set_id", "undo_change_set_id")
        ),
        sa.CheckConstraint(f"state IN ({', '.join(map(repr, STATES))})", name="state"),
    )
    op.create_index("records_move_workspace_id_change_set_id_idx", "records_move", ["workspace_id", "change_set_id"])
    op.create_index(
        "records_move_open_idx", "records_move", ["id"], postgresql_where=sa.text("state IN ('running', 'undoing')")
    )
    queue_table(op, "records_move")
    keep_identity(op, "records_move", "workspace_id", "id")
    op.add_column("ticket", sa.Column("standing", KEY))
    op.execute("UPDATE ticket SET standing = status")
    op.alter_column("ticket", "standing", nullable=False)
    op.execute(KEEP_STANDING)
    op.execute(
        "CREATE TRIGGER keep_standing BEFORE INSERT OR UPDATE OF status, standing ON ticket"
        " FOR EACH ROW EXECUTE FUNCTION public.keep_standing()"
    )
    op.drop_index("ticket_open_status_idx", "ticket")
    op.create_index(
        "ticket_open_standing_idx",
        "ticket",
        ["workspace_id", "standing", "urgency", "id"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.create_index("ticket_workspace_id_standing_id_idx", "ticket", ["workspace_id", "standing", "id"])


def downgrade() -> None:
    op.execute("DROP TRIGGER keep_standing ON ticket")
    op.drop_index("ticket_workspace_id_standing_id_idx", "ticket")
    op.drop_index("ticket_open_standing_idx", "ticket")
    op.create_index(
        "ticket_open_status_idx",
        "ticket",
        ["workspace_id", "status", "urgency", "id"],
        postgresql_where=sa.text("resolved_at IS NULL"),
    )
    op.drop_column("ticket", "standing")
    op.execute("DROP FUNCTION keep_standing()")
    op.drop_table("records_move")
    op.drop_table("choice")
