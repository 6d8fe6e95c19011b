"""Create what a CRM is about: customers, contacts, deals, tickets, messages, notes, follow-ups and digests.

Revision ID: 0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, UUID

from storage.database.engine import composite_key
from storage.database.policies import partition_by_month, search_function, searchable, tenant_table, workspace_id

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

MOMENT = sa.DateTime(timezone=True)
NOW = sa.func.now()
KEY = sa.Text(collation="C")
PRIORITIES = ("urgent", "high", "normal", "low")
SUBJECTS = ("customer", "contact", "deal", "ticket")

# Trigram operators are not leakproof, so they get no index under row-level security: this function runs as a role that
# sees all rows, and compares the workspace setting itself. It looks strictly first (nearly all of what was typed)
# and more loosely only where that found nothing, because a strict threshold reads far less of the index. EXECUTE plans
# each statement for the words asked for; the other scans are off because the planner may take a small workspace's rows
# for quicker to read. Where more than 300 pass, any 300 of them are compared: they are about equally near.
FIND_RECORDS = """
CREATE FUNCTION find_records(wanted text, nouns text[], most integer)
RETURNS TABLE (noun text, id bigint, name text, score real)
LANGUAGE plpgsql STABLE SECURITY DEFINER
SET search_path = pg_catalog, public, pg_temp
SET pg_trgm.word_similarity_threshold = 0.8
SET enable_seqscan = off
SET enable_indexscan = off
AS $$
DECLARE
    threshold text;
    searched text;
    found_any boolean := false;
BEGIN
    FOREACH threshold IN ARRAY ARRAY['0.8', '0.7', '0.6', '0.5', '0.4', '0.3'] LOOP
        PERFORM set_config('pg_trgm.word_similarity_threshold', threshold, true);
        FOREACH searched IN ARRAY nouns LOOP
            CONTINUE WHEN searched NOT IN ('customer', 'contact', 'deal', 'ticket');
            RETURN QUERY EXECUTE format(
                'SELECT %L::text, near.id, near.name, near.score FROM ('
                '    SELECT id, name,'
                '        (0.6 * word_similarity($2, find_key) + 0.4 * similarity($2, find_key))::real AS score'
                '    FROM public.%I'
                '    WHERE workspace_id = $1 AND merged_into_id IS NULL AND $2 <%% find_key'
                '    LIMIT 300'
                ') AS near ORDER BY near.score DESC, near.id DESC LIMIT $3',
                searched, searched
            ) USING NULLIF(current_setting('rapport.workspace', true), ''), wanted, most;
            found_any := found_any OR FOUND;
        END LOOP;
        EXIT WHEN found_any;
    END LOOP;
END
$$
"""


def upgrade() -> None:
    _customers()
    _pipeline()
    _deals()
    _tickets()
    _channels()
    _messages()
    _notes()
    _time()
    # A setting of an extension can be pinned only once the extension is loaded.
    op.execute("SELECT similarity('a', 'b')")
    search_function(op, "find_records(text, text[], integer)", FIND_RECORDS)


def _record(*columns: sa.schema.SchemaItem) -> list[sa.schema.SchemaItem]:
    return [
        workspace_id(),
        sa.Column("id", sa.BigInteger, nullable=False, autoincrement=False),
        *columns,
        sa.Column("version", sa.BigInteger, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("updated_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    ]


def _named(table: str, *columns: sa.schema.SchemaItem) -> list[sa.schema.SchemaItem]:
    return [
        *_record(
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("name_key", KEY, nullable=False),
            sa.Column("find_key", sa.Text, nullable=False),
            *columns,
            sa.Column("merged_into_id", sa.BigInteger),
        ),
        composite_key("merged_into_id", table, ondelete="SET NULL"),
        sa.Index(None, "workspace_id", "name_key"),
        sa.Index(
            f"{table}_find_key_idx",
            "workspace_id",
            "find_key",
            postgresql_using="gin",
            postgresql_ops={"find_key": "gin_trgm_ops"},
            postgresql_where=sa.text("merged_into_id IS NULL"),
        ),
    ]


def _where(name: str, *columns: str, where: str, unique: bool = False) -> sa.Index:
    return sa.Index(name, "workspace_id", *columns, unique=unique, postgresql_where=sa.text(where))


def _newest_first(name: str, *columns: str) -> sa.Index:
    *first, at = columns
    return sa.Index(name, "workspace_id", *first, sa.text(f"{at} DESC NULLS LAST"), sa.text("id DESC"))


def _one_of(column: str, *values: str) -> sa.CheckConstraint:
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def _about(table: str, *then: str) -> list[sa.schema.SchemaItem]:
    columns = [f"{noun}_id" for noun in SUBJECTS]
    return [
        *(sa.Column(column, sa.BigInteger) for column in columns),
        *(composite_key(f"{noun}_id", noun, ondelete="CASCADE") for noun in SUBJECTS),
        *(_where(f"{table}_{column}_idx", column, *then, where=f"{column} IS NOT NULL") for column in columns),
        sa.CheckConstraint(f"num_nonnulls({', '.join(columns)}) <= 1", name="about"),
    ]


def _customers() -> None:
    op.create_table(
        "customer",
        *_named(
            "customer",
            sa.Column("domain", KEY),
            sa.Column("tier", KEY),
            sa.Column("owner_id", sa.Text),
        ),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        sa.Index(None, "workspace_id", "owner_id", "name_key", "id"),
        sa.Index(None, "workspace_id", "domain"),
        sa.Index(None, "workspace_id", "tier", "name_key", "id"),
        sa.Index(None, "workspace_id", "created_at", "id"),
    )
    op.create_table(
        "contact",
        *_named(
            "contact",
            sa.Column("email", sa.Text),
            sa.Column("email_key", KEY),
            sa.Column("phone", sa.Text),
            sa.Column("job_title", sa.Text),
            sa.Column("customer_id", sa.BigInteger),
            sa.Column("slack_user_id", sa.Text),
        ),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        sa.Index(None, "workspace_id", "customer_id", "name_key", "id"),
        sa.Index(None, "workspace_id", "email_key"),
        _where("contact_slack_user_key", "slack_user_id", where="merged_into_id IS NULL", unique=True),
    )
    for table in ("customer", "contact"):
        tenant_table(op, table)
        searchable(op, table)


def _pipeline() -> None:
    op.create_table(
        "pipeline",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("is_default", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        _where("pipeline_default_key", where="is_default", unique=True),
    )
    op.create_table(
        "stage",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("pipeline_id", sa.BigInteger, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("name_key", KEY, nullable=False),
        sa.Column("position", sa.SmallInteger, nullable=False),
        sa.Column("probability", sa.SmallInteger, nullable=False),
        sa.Column("outcome", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        composite_key("pipeline_id", "pipeline", ondelete="CASCADE"),
        sa.Index("stage_name_key", "workspace_id", "pipeline_id", "name_key", unique=True),
        sa.CheckConstraint("probability BETWEEN 0 AND 100", name="probability"),
        _one_of("outcome", "open", "won", "lost"),
    )
    for table in ("pipeline", "stage"):
        tenant_table(op, table)


def _deals() -> None:
    is_open = "closed_at IS NULL"
    op.create_table(
        "deal",
        *_named(
            "deal",
            sa.Column("customer_id", sa.BigInteger),
            sa.Column("stage_id", sa.BigInteger, nullable=False),
            sa.Column("status", sa.Text, nullable=False, server_default="open"),
            sa.Column("amount_minor", sa.BigInteger),
            sa.Column("currency", sa.Text),
            sa.Column("close_on", sa.Date),
            sa.Column("owner_id", sa.Text),
            sa.Column("closed_at", MOMENT),
            sa.Column("lost_reason", sa.Text),
            sa.Column("stage_since", MOMENT, nullable=False, server_default=NOW),
            sa.Column("touched_at", MOMENT, nullable=False, server_default=NOW),
        ),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("stage_id", "stage"),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        _one_of("status", "open", "won", "lost"),
        sa.CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed"),
        sa.CheckConstraint("status = 'lost' OR lost_reason IS NULL", name="lost_reason"),
        sa.CheckConstraint("(amount_minor IS NULL) = (currency IS NULL)", name="amount"),
        sa.CheckConstraint("currency ~ '^[A-Z]{3}$'", name="currency"),
        _where("deal_open_idx", "close_on", "id", where=is_open),
        _where("deal_open_owner_idx", "owner_id", "close_on", "id", where=is_open),
        _where("deal_open_stage_idx", "stage_id", "close_on", "id", where=is_open),
        sa.Index(None, "workspace_id", "customer_id", "close_on", "id"),
        _newest_first("deal_closed_idx", "closed_at"),
        _newest_first("deal_closed_owner_idx", "owner_id", "closed_at"),
        _newest_first("deal_closed_status_idx", "status", "closed_at"),
        *(
            sa.Index(
                name,
                "workspace_id",
                *by,
                sa.text("amount_minor DESC NULLS LAST"),
                sa.text("id DESC"),
                postgresql_where=sa.text(is_open),
            )
            for name, by in (("deal_amount_idx", ()), ("deal_currency_amount_idx", ("currency",)))
        ),
        _where("deal_touched_idx", "touched_at", where=is_open),
        _where("deal_touched_owner_idx", "owner_id", "touched_at", where=is_open),
        sa.Index(None, "workspace_id", "created_at", "id"),
    )
    op.create_table(
        "stage_change",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("deal_id", sa.BigInteger, nullable=False),
        sa.Column("from_stage_id", sa.BigInteger),
        sa.Column("to_stage_id", sa.BigInteger, nullable=False),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("actor_id", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        composite_key("deal_id", "deal", ondelete="CASCADE"),
        composite_key("from_stage_id", "stage", ondelete="SET NULL"),
        composite_key("to_stage_id", "stage", ondelete="CASCADE"),
        sa.Index(None, "workspace_id", "deal_id", "at"),
    )
    tenant_table(op, "deal")
    searchable(op, "deal")
    tenant_table(op, "stage_change")


def _tickets() -> None:
    ranks = " ".join(f"WHEN '{name}'::text THEN {rank}" for rank, name in enumerate(PRIORITIES, start=1))
    urgency = f"CASE priority {ranks} ELSE NULL::integer END"
    is_open = "resolved_at IS NULL"
    op.create_table(
        "ticket",
        *_named(
            "ticket",
            sa.Column("customer_id", sa.BigInteger),
            sa.Column("contact_id", sa.BigInteger),
            sa.Column("status", sa.Text, nullable=False, server_default="new"),
            sa.Column("priority", sa.Text, nullable=False, server_default="normal"),
            sa.Column("urgency", sa.SmallInteger, sa.Computed(urgency, persisted=True), nullable=False),
            sa.Column("category", KEY),
            sa.Column("assignee_id", sa.Text),
            sa.Column("requester_id", sa.Text),
            sa.Column("is_request", sa.Boolean, nullable=False, server_default=sa.true()),
            sa.Column("channel_id", sa.Text),
            sa.Column("thread_ts", sa.Text),
            sa.Column("card_delivery_id", UUID),
            sa.Column("first_response_at", MOMENT),
            sa.Column("resolved_at", MOMENT),
        ),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("contact_id", "contact", ondelete="SET NULL"),
        composite_key("assignee_id", "member", ondelete="SET NULL"),
        _one_of("status", "new", "open", "waiting", "resolved", "closed"),
        _one_of("priority", *PRIORITIES),
        sa.CheckConstraint("(status IN ('resolved', 'closed')) = (resolved_at IS NOT NULL)", name="resolved"),
        sa.CheckConstraint("is_request OR status = 'closed'", name="is_request"),
        sa.CheckConstraint("(channel_id IS NULL) = (thread_ts IS NULL)", name="thread"),
        _where("ticket_open_idx", "urgency", "id", where=is_open),
        _where("ticket_open_assignee_idx", "assignee_id", "urgency", "id", where=is_open),
        _where("ticket_open_status_idx", "status", "urgency", "id", where=is_open),
        _where("ticket_open_category_idx", "category", "urgency", "id", where=is_open),
        sa.Index(None, "workspace_id", "customer_id", "id"),
        sa.Index(None, "workspace_id", "contact_id"),
        _newest_first("ticket_resolved_idx", "resolved_at"),
        _newest_first("ticket_resolved_assignee_idx", "assignee_id", "resolved_at"),
        sa.Index(None, "workspace_id", "created_at", "id"),
        sa.Index(None, "workspace_id", "first_response_at"),
        _where("ticket_thread_key", "channel_id", "thread_ts", where="thread_ts IS NOT NULL", unique=True),
    )
    tenant_table(op, "ticket")
    searchable(op, "ticket")


def _channels() -> None:
    op.create_table(
        "channel",
        workspace_id(),
        sa.Column("id", sa.Text, nullable=False),
        sa.Column("name", sa.Text),
        sa.Column("is_ext_shared", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("is_private", sa.Boolean, nullable=False, server_default=sa.false()),
        sa.Column("seen_at", MOMENT, nullable=False, server_default=NOW),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
    )
    op.create_table(
        "channel_link",
        workspace_id(),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("use", sa.Text, nullable=False),
        sa.Column("customer_id", sa.BigInteger),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id"),
        composite_key("channel_id", "channel", ondelete="CASCADE"),
        composite_key("customer_id", "customer", ondelete="CASCADE"),
        _one_of("use", "customer", "inbox"),
        sa.CheckConstraint("(use = 'customer') = (customer_id IS NOT NULL)", name="customer"),
        sa.Index(None, "workspace_id", "customer_id"),
    )
    for table in ("channel", "channel_link"):
        tenant_table(op, table)


def _message_reference() -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", "message_id", "message_at"],
        ["message.workspace_id", "message.id", "message.at"],
        ondelete="CASCADE",
    )


def _messages() -> None:
    op.create_table(
        "message",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("thread_ts", sa.Text),
        sa.Column("author_id", sa.Text),
        sa.Column("author_name", sa.Text),
        sa.Column("customer_id", sa.BigInteger),
        sa.Column("contact_id", sa.BigInteger),
        sa.Column("ticket_id", sa.BigInteger),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("category", sa.Text),
        sa.Column("confidence", sa.Float),
        sa.Column("reasons", JSONB),
        sa.Column("model_version", sa.Text),
        sa.Column("abstained", sa.Boolean),
        sa.Column("classified_at", MOMENT),
        sa.PrimaryKeyConstraint("workspace_id", "id", "at"),
        composite_key("customer_id", "customer", ondelete="SET NULL"),
        composite_key("contact_id", "contact", ondelete="SET NULL"),
        composite_key("ticket_id", "ticket", ondelete="SET NULL"),
        sa.CheckConstraint("confidence BETWEEN 0 AND 1", name="confidence"),
        sa.Index(None, "workspace_id", "ticket_id", "at"),
        sa.Index(None, "workspace_id", "customer_id", "at"),
        sa.Index(None, "workspace_id", "contact_id"),
        postgresql_partition_by="RANGE (at)",
    )
    tenant_table(op, "message")
    partition_by_month(op, "message")
    op.create_table(
        "message_key",
        workspace_id(),
        sa.Column("channel_id", sa.Text, nullable=False),
        sa.Column("ts", sa.Text, nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("message_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "channel_id", "ts"),
        _message_reference(),
        sa.Index(None, "workspace_id", "message_id"),
    )
    op.create_table(
        "label",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        sa.Column("message_id", sa.BigInteger, nullable=False),
        sa.Column("message_at", MOMENT, nullable=False),
        sa.Column("actor_id", sa.Text),
        sa.Column("at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("model_version", sa.Text),
        sa.Column("old_category", sa.Text),
        sa.Column("new_category", sa.Text, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        _message_reference(),
        sa.Index(None, "workspace_id", "message_id", "id"),
    )
    for table in ("message_key", "label"):
        tenant_table(op, table)


def _notes() -> None:
    op.create_table(
        "note",
        workspace_id(),
        sa.Column("id", sa.BigInteger, sa.Identity(), nullable=False),
        *_about("note", "at", "id"),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("text", sa.Text, nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False, server_default=NOW),
        sa.Column("created_by", sa.Text),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        _one_of("kind", "note", "call", "meeting", "email"),
        sa.CheckConstraint("num_nonnulls(customer_id, contact_id, deal_id, ticket_id) = 1", name="subject"),
    )
    tenant_table(op, "note")


def _time() -> None:
    is_open = "closed_at IS NULL"
    op.create_table(
        "followup",
        *_record(
            *_about("followup", "due_at"),
            sa.Column("text", sa.Text, nullable=False),
            sa.Column("due_at", MOMENT, nullable=False),
            sa.Column("zone", sa.Text, nullable=False),
            sa.Column("owner_id", sa.Text),
            sa.Column("status", sa.Text, nullable=False, server_default="open"),
            sa.Column("closed_at", MOMENT),
            sa.Column("snoozes", sa.BigInteger, nullable=False, server_default="0"),
        ),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        _one_of("status", "open", "done", "cancelled"),
        sa.CheckConstraint("(status = 'open') = (closed_at IS NULL)", name="closed"),
        _where("followup_due_idx", "due_at", "id", where=is_open),
        _where("followup_owner_due_idx", "owner_id", "due_at", "id", where=is_open),
    )
    op.create_table(
        "digest",
        *_record(
            sa.Column("name", sa.Text, nullable=False),
            sa.Column("content", sa.Text, nullable=False),
            sa.Column("frequency", sa.Text, nullable=False),
            sa.Column("weekday", sa.SmallInteger),
            sa.Column("at_time", sa.Time, nullable=False),
            sa.Column("zone", sa.Text, nullable=False),
            sa.Column("scope", sa.Text, nullable=False, server_default="everyone"),
            sa.Column("owner_id", sa.Text),
            sa.Column("target_user", sa.Text),
            sa.Column("target_channel", sa.Text),
            sa.Column("active", sa.Boolean, nullable=False, server_default=sa.true()),
        ),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        _one_of("content", "pipeline", "support", "both"),
        _one_of("frequency", "daily", "workdays", "weekly"),
        _one_of("scope", "everyone", "team", "own"),
        sa.CheckConstraint("num_nonnulls(target_user, target_channel) = 1", name="target"),
        sa.CheckConstraint("(frequency = 'weekly') = (weekday IS NOT NULL)", name="weekly"),
        sa.CheckConstraint("weekday BETWEEN 0 AND 6", name="weekday"),
        sa.Index(None, "workspace_id", "owner_id"),
    )
    for table in ("followup", "digest"):
        tenant_table(op, table)


def downgrade() -> None:
    op.execute("DROP FUNCTION find_records(text, text[], integer)")
    for table in (
        "digest",
        "followup",
        "note",
        "label",
        "message_key",
        "message",
        "channel_link",
        "channel",
        "ticket",
        "stage_change",
        "deal",
        "stage",
        "pipeline",
        "contact",
        "customer",
    ):
        op.drop_table(table)
