"""Create the inbox, the outbox and the clock.

Revision ID: 0003
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from storage.database.engine import composite_key
from storage.database.policies import APP, create_role, queue_table, workspace_id

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.func.now()

# It alone inserts deliveries for other workspaces and removes what is due there, and only in the function below: the
# application, whose setting is '*' at that moment, may read and update.
CLOCK = "rapport_clock"

MATERIALISE = """
CREATE FUNCTION materialise_due(most integer)
RETURNS TABLE (workspace_id text, id bigint, recurrence text, zone text)
LANGUAGE sql SECURITY DEFINER
SET search_path = public, pg_temp
AS $$
    WITH taken AS MATERIALIZED (
        SELECT due.*, to_char(due.at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"') AS utc FROM due
        WHERE NOT is_job AND due.at <= now()
          AND current_setting('rapport.workspace', true) IN ('*', due.workspace_id)
        ORDER BY due.at LIMIT most FOR UPDATE SKIP LOCKED
    ), put AS (
        INSERT INTO outbox (
            workspace_id, id, kind, target_user, target_channel, renderer, record, payload, dedupe_key, not_before
        )
        SELECT
            taken.workspace_id, gen_random_uuid(), 'post', target_user, target_channel, renderer, subject,
            payload || jsonb_build_object('due_at', utc), kind || ':' || subject || ':' || utc, taken.at
        FROM taken ORDER BY taken.at
        ON CONFLICT DO NOTHING
    ), once AS (
        DELETE FROM due USING taken
        WHERE due.workspace_id = taken.workspace_id AND due.id = taken.id AND taken.recurrence IS NULL
    ), again AS (
        UPDATE due SET last_at = due.at, at = NULL FROM taken
        WHERE due.workspace_id = taken.workspace_id AND due.id = taken.id AND taken.recurrence IS NOT NULL
    )
    SELECT taken.workspace_id, taken.id, taken.recurrence, taken.zone FROM taken
$$
"""


def upgrade() -> None:
    _inbox()
    _outbox()
    _due()
    _clock()


def _inbox() -> None:
    op.create_table(
        "inbox",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("body", JSONB, nullable=False),
        sa.Column("event_id", sa.Text),
        sa.Column("event_ts", sa.Text),
        sa.Column("channel", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("priority", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempt", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("not_before", MOMENT, nullable=False, server_default=NOW),
        sa.Column("lease_until", MOMENT),
        sa.Column("error", sa.Text),
        sa.Column("received_at", MOMENT, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.CheckConstraint("state IN ('pending', 'working', 'done', 'dead')", name="state"),
        sa.Index("inbox_event_id_idx", "workspace_id", "event_id", unique=True),
        sa.Index(
            "inbox_occurrence_idx",
            "workspace_id",
            "kind",
            "channel",
            "event_ts",
            "actor",
            unique=True,
            postgresql_where=sa.text("event_ts IS NOT NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.Index(
            "inbox_open_idx",
            "workspace_id",
            sa.text("priority DESC"),
            "id",
            postgresql_where=sa.text("state IN ('pending', 'working')"),
        ),
        sa.Index("inbox_closed_idx", "workspace_id", "received_at", postgresql_where=sa.text("state = 'done'")),
    )
    queue_table(op, "inbox")


def _outbox() -> None:
    open_rows = sa.text("state IN ('pending', 'sending')")
    op.create_table(
        "outbox",
        workspace_id(),
        sa.Column("id", UUID, nullable=False),
        sa.Column("seq", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("target_user", sa.Text),
        sa.Column("target_channel", sa.Text),
        sa.Column(
            "lane", sa.Text, sa.Computed("COALESCE(target_channel, target_user)", persisted=True), nullable=False
        ),
        sa.Column("channel", sa.Text),
        sa.Column("thread_ts", sa.Text),
        sa.Column("edits", UUID),
        sa.Column("renderer", sa.Text, nullable=False),
        sa.Column("record", sa.Text),
        sa.Column("payload", JSONB, nullable=False, server_default="{}"),
        sa.Column("dedupe_key", sa.Text),
        sa.Column("priority", sa.SmallInteger, nullable=False, server_default="0"),
        sa.Column("not_before", MOMENT, nullable=False, server_default=NOW),
        sa.Column("state", sa.Text, nullable=False, server_default="pending"),
        sa.Column("attempt", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("fence", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("lease_until", MOMENT),
        sa.Column("first_attempt_at", MOMENT),
        sa.Column("ambiguous", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("unreadable_since", MOMENT),
        sa.Column("looked_until", sa.Text),
        sa.Column("ts", sa.Text),
        sa.Column("reason", sa.Text),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("sent_at", MOMENT),
        sa.Column("check_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        composite_key("edits", "outbox", ondelete="CASCADE"),
        sa.CheckConstraint("kind IN ('post', 'update', 'delete')", name="kind"),
        sa.CheckConstraint("(kind = 'post') = (edits IS NULL)", name="edits"),
        sa.CheckConstraint("num_nonnulls(target_user, target_channel) = 1", name="target"),
        sa.CheckConstraint("state IN ('pending', 'sending', 'sent', 'dead', 'cancelled')", name="state"),
        sa.CheckConstraint("state <> 'sending' OR lease_until IS NOT NULL", name="lease"),
        sa.Index("outbox_dedupe_key_idx", "workspace_id", "dedupe_key", unique=True),
        sa.Index("outbox_open_idx", "workspace_id", sa.text("priority DESC"), "seq", postgresql_where=open_rows),
        sa.Index("outbox_lane_idx", "workspace_id", "lane", "seq", postgresql_where=open_rows),
        sa.Index("outbox_sent_idx", "workspace_id", "lane", "sent_at", postgresql_where=sa.text("state = 'sent'")),
        sa.Index("outbox_edits_idx", "workspace_id", "edits", postgresql_where=sa.text("edits IS NOT NULL")),
        sa.Index("outbox_check_idx", "check_at", postgresql_where=sa.text("check_at IS NOT NULL")),
        sa.Index("outbox_record_idx", "workspace_id", "record", postgresql_where=open_rows),
    )
    queue_table(op, "outbox")
    op.create_table(
        "outbox_pause",
        workspace_id(),
        sa.Column("method", sa.Text, nullable=False),
        sa.Column("until", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "method"),
    )
    queue_table(op, "outbox_pause")


def _due() -> None:
    op.create_table(
        "due",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("is_job", sa.Boolean, sa.Computed("starts_with(kind, 'job:')", persisted=True), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("at", MOMENT),
        sa.Column("zone", sa.Text, nullable=False),
        sa.Column("recurrence", sa.Text),
        sa.Column("target_user", sa.Text),
        sa.Column("target_channel", sa.Text),
        sa.Column("renderer", sa.Text),
        sa.Column("payload", JSONB, nullable=False, server_default="{}"),
        sa.Column("last_at", MOMENT),
        sa.Column("attempt", sa.BigInteger, nullable=False, server_default="0"),
        sa.Column("not_before", MOMENT),
        sa.Column("lease_until", MOMENT),
        sa.Column("error", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        sa.UniqueConstraint("workspace_id", "kind", "subject"),
        sa.CheckConstraint("is_job OR num_nonnulls(target_user, target_channel) = 1", name="target"),
        sa.CheckConstraint("is_job OR renderer IS NOT NULL", name="renderer"),
        sa.Index("due_delivery_idx", "at", postgresql_where=sa.text("NOT is_job AND at IS NOT NULL")),
        sa.Index("due_job_idx", "at", postgresql_where=sa.text("is_job AND at IS NOT NULL")),
    )
    queue_table(op, "due")


def _clock() -> None:
    create_role(op, CLOCK)
    for statement in (
        f"GRANT USAGE ON SCHEMA public TO {CLOCK}",
        f"GRANT SELECT, UPDATE, DELETE ON due TO {CLOCK}",
        f"CREATE POLICY clock ON due TO {CLOCK} USING (true) WITH CHECK (true)",
        f"GRANT INSERT, SELECT ON outbox TO {CLOCK}",
        f"CREATE POLICY clock ON outbox FOR INSERT TO {CLOCK} WITH CHECK (true)",
        MATERIALISE,
        "REVOKE ALL ON FUNCTION materialise_due(integer) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION materialise_due(integer) TO {APP}",
        # The new owner must be able to create in the schema, for this one statement.
        f"GRANT CREATE ON SCHEMA public TO {CLOCK}",
        f"ALTER FUNCTION materialise_due(integer) OWNER TO {CLOCK}",
        f"REVOKE CREATE ON SCHEMA public FROM {CLOCK}",
    ):
        op.execute(statement)


def downgrade() -> None:
    op.execute("DROP FUNCTION materialise_due(integer)")
    for table in ("due", "outbox_pause", "outbox", "inbox"):
        op.drop_table(table)
    # The role belongs to the cluster.
