"""Find what is over and may be deleted: deliveries, answers, what failed, old digests and models.

Revision ID: 0015
"""

from alembic import op

from storage.database.policies import APP

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

CLOCK = "rapport_clock"
# The application may not delete what belongs to the history: old answers only, and only by this.
FORGET = """
CREATE FUNCTION forget_answers(days integer, most integer) RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
AS $$
DECLARE
    own text := NULLIF(current_setting('rapport.workspace', true), '');
    gone integer;
BEGIN
    IF days < 2 THEN
        RAISE EXCEPTION 'answers are kept for at least 2 days';
    END IF;
    DELETE FROM change_answer WHERE workspace_id = own AND change_set_id IN (
        SELECT change_set_id FROM change_answer
        WHERE workspace_id = own AND kept_at < now() - make_interval(days => days)
        ORDER BY kept_at LIMIT most
    );
    GET DIAGNOSTICS gone = ROW_COUNT;
    RETURN gone;
END
$$
"""
INDEXES = (
    ("outbox_over_idx", "outbox", "created_at", "NOT stays AND state IN ('sent', 'dead', 'cancelled', 'held')"),
    ("ticket_card_delivery_idx", "ticket", "card_delivery_id", "card_delivery_id IS NOT NULL"),
    ("inbox_failed_idx", "inbox", "received_at", "state = 'dead'"),
    ("due_failed_idx", "due", "last_at", "is_job AND at IS NULL"),
    ("change_answer_kept_at_idx", "change_answer", "kept_at", None),
    ("digest_run_created_at_idx", "digest_run", "created_at", None),
)


def upgrade() -> None:
    # Each step is done again without harm, as the revision may die between its transaction and its indexes. Constants,
    # and now() is stable: no table is rewritten.
    for statement in (
        "ALTER TABLE outbox ADD COLUMN IF NOT EXISTS stays boolean NOT NULL DEFAULT false",
        "ALTER TABLE change_answer ADD COLUMN IF NOT EXISTS kept_at timestamptz NOT NULL DEFAULT now()",
        "DROP POLICY IF EXISTS clock ON change_answer",
        # Whose it is already may not be replaced by others.
        "DROP FUNCTION IF EXISTS forget_answers(integer, integer)",
        f"GRANT SELECT, DELETE ON change_answer TO {CLOCK}",
        f"CREATE POLICY clock ON change_answer TO {CLOCK} USING (true)",
        FORGET,
        "REVOKE ALL ON FUNCTION forget_answers(integer, integer) FROM PUBLIC",
        f"GRANT EXECUTE ON FUNCTION forget_answers(integer, integer) TO {APP}",
        # The new owner must be able to create in the schema, for this one statement.
        f"GRANT CREATE ON SCHEMA public TO {CLOCK}",
        f"ALTER FUNCTION forget_answers(integer, integer) OWNER TO {CLOCK}",
        f"REVOKE CREATE ON SCHEMA public FROM {CLOCK}",
    ):
        op.execute(statement)
    op.execute("ALTER TABLE model_version DROP CONSTRAINT IF EXISTS model_version_weights_check")
    op.create_check_constraint("weights", "model_version", "state <> 'live' OR weights IS NOT NULL")
    # Forced, the policies would hide the rows from their owner as well.
    for table in ("ticket", "outbox"):
        op.execute(f"ALTER TABLE {table} NO FORCE ROW LEVEL SECURITY")
    op.execute(
        "UPDATE outbox SET stays = true WHERE kind = 'post' AND (EXISTS ("
        "SELECT FROM ticket WHERE ticket.workspace_id = outbox.workspace_id AND ticket.card_delivery_id = outbox.id"
        ") OR EXISTS ("
        "SELECT FROM outbox AS change WHERE change.workspace_id = outbox.workspace_id AND change.edits = outbox.id))"
    )
    for table in ("ticket", "outbox"):
        op.execute(f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY")
    with op.get_context().autocommit_block():
        for name, table, column, where in INDEXES:
            # What an interrupted run left is not valid.
            op.execute(f"DROP INDEX CONCURRENTLY IF EXISTS {name}")
            only = f" WHERE {where}" if where else ""
            op.execute(f"CREATE INDEX CONCURRENTLY {name} ON {table} (workspace_id, {column}){only}")


def downgrade() -> None:
    for name, table, _column, _where in INDEXES:
        op.drop_index(name, table)
    op.execute("ALTER TABLE model_version DROP CONSTRAINT model_version_weights_check")
    # Of what has lost its weights meanwhile nothing can be said by the older rule but that it was refused.
    op.execute("ALTER TABLE model_version NO FORCE ROW LEVEL SECURITY")
    op.execute("UPDATE model_version SET state = 'refused' WHERE weights IS NULL")
    op.execute("ALTER TABLE model_version FORCE ROW LEVEL SECURITY")
    op.create_check_constraint("weights", "model_version", "state = 'refused' OR weights IS NOT NULL")
    op.execute("DROP FUNCTION forget_answers(integer, integer)")
    op.execute("DROP POLICY clock ON change_answer")
    op.execute(f"REVOKE SELECT, DELETE ON change_answer FROM {CLOCK}")
    op.drop_column("change_answer", "kept_at")
    op.drop_column("outbox", "stays")
