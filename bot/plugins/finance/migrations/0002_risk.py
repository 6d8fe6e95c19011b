"""Make the tables of questionnaires, risk profiles, judgements of trades, and what they remind of.

Revision ID: finance_0002
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

from storage.database.policies import record_table, tenant_table, workspace_id

revision = "finance_0002"
down_revision = "finance_0001"
branch_labels = None
depends_on = None

WHOLE, WORDS, DAY, MOMENT = sa.BigInteger, sa.Text, sa.Date, sa.DateTime(timezone=True)
TOPICS = ("knowledge", "capacity", "objectives", "horizon")


def to(column: str, table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"], ondelete=ondelete
    )


def since_now(name: str) -> sa.Column[object]:
    return sa.Column(name, MOMENT, nullable=False, server_default=sa.func.now())


def upgrade() -> None:
    record_table(
        op,
        "finance.risk_question",
        sa.Column("topic", WORDS, nullable=False),
        sa.Column("answers", WORDS, nullable=False),
        sa.CheckConstraint(f"topic IN ({', '.join(map(repr, TOPICS))})", name="risk_question_topic_check"),
        noun="question",
    )
    op.create_table(
        "risk_profile",
        workspace_id(),
        sa.Column("id", WHOLE, sa.Identity(), nullable=False),
        sa.Column("customer_id", WHOLE, nullable=False),
        sa.Column("taken_on", DAY, nullable=False),
        sa.Column("expires_on", DAY, nullable=False),
        *(sa.Column(topic, WHOLE, nullable=False) for topic in TOPICS),
        sa.Column("answers", JSONB, nullable=False),
        sa.Column("taken_by", WORDS),
        since_now("taken_at"),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        to("customer_id", "customer", "CASCADE"),
        *(sa.CheckConstraint(f"{topic} BETWEEN 1 AND 5", name=f"risk_profile_{topic}_check") for topic in TOPICS),
        sa.Index(None, "workspace_id", "customer_id", "id"),
        sa.Index(None, "workspace_id", "expires_on"),
        schema="finance",
    )
    op.create_table(
        "reminder",
        workspace_id(),
        sa.Column("followup_id", WHOLE, nullable=False),
        sa.Column("purpose", WORDS, nullable=False),
        sa.Column("on_date", DAY, nullable=False),
        sa.PrimaryKeyConstraint("workspace_id", "followup_id"),
        to("followup_id", "followup", "CASCADE"),
        sa.CheckConstraint("purpose IN ('profile', 'review')", name="reminder_purpose_check"),
        schema="finance",
    )
    make_checks()
    op.alter_column("access", "portfolio_id", nullable=True, schema="finance")
    op.add_column("access", sa.Column("customer_id", WHOLE), schema="finance")
    op.create_foreign_key(
        "access_workspace_id_customer_id_fkey",
        "access",
        "customer",
        ["workspace_id", "customer_id"],
        ["workspace_id", "id"],
        source_schema="finance",
        ondelete="CASCADE",
    )
    op.create_check_constraint(
        "access_subject_check", "access", "num_nonnulls(portfolio_id, customer_id) = 1", schema="finance"
    )
    op.create_index(
        "access_workspace_id_customer_id_id_idx", "access", ["workspace_id", "customer_id", "id"], schema="finance"
    )
    tenant_table(op, "finance.risk_profile")
    tenant_table(op, "finance.suitability_check", rights="SELECT, INSERT, UPDATE")
    tenant_table(op, "finance.reminder")


def make_checks() -> None:
    op.create_table(
        "suitability_check",
        workspace_id(),
        sa.Column("id", WHOLE, nullable=False, autoincrement=False),
        *(sa.Column(name, WHOLE, nullable=False) for name in ("portfolio_id", "account_id", "instrument_id")),
        *(sa.Column(name, sa.Numeric(20, 8), nullable=False) for name in ("quantity", "price")),
        sa.Column("fee_minor", WHOLE, nullable=False),
        sa.Column("basis", WORDS, nullable=False),
        sa.Column("state", WORDS, nullable=False),
        sa.Column("reasons", JSONB, nullable=False),
        sa.Column("profile_id", WHOLE),
        sa.Column("maker_id", WORDS, nullable=False),
        since_now("made_at"),
        sa.Column("checker_id", WORDS),
        sa.Column("checked_at", MOMENT),
        sa.Column("reason", WORDS),
        sa.Column("booking_id", WHOLE),
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        to("portfolio_id", "finance.portfolio"),
        to("account_id", "finance.account"),
        to("instrument_id", "finance.instrument"),
        to("profile_id", "finance.risk_profile", "SET NULL (profile_id)"),
        to("booking_id", "finance.booking"),
        sa.CheckConstraint(
            "state IN ('suitable', 'warned', 'blocked', 'released', 'declined', 'withdrawn', 'booked')",
            name="suitability_check_state_check",
        ),
        sa.CheckConstraint("basis IN ('advised', 'wish')", name="suitability_check_basis_check"),
        sa.CheckConstraint(
            "checker_id IS DISTINCT FROM maker_id OR checker_id IS NULL", name="suitability_check_two_people_check"
        ),
        sa.CheckConstraint(
            "state NOT IN ('released', 'declined') OR (checker_id IS NOT NULL AND reason IS NOT NULL)",
            name="suitability_check_checked_check",
        ),
        sa.CheckConstraint("quantity <> 0 AND price >= 0 AND fee_minor >= 0", name="suitability_check_trade_check"),
        sa.Index(None, "workspace_id", "state", "id"),
        sa.Index(None, "workspace_id", "portfolio_id", "id"),
        schema="finance",
    )


def downgrade() -> None:
    op.execute("DELETE FROM finance.access WHERE portfolio_id IS NULL")
    op.drop_column("access", "customer_id", schema="finance")
    op.alter_column("access", "portfolio_id", nullable=False, schema="finance")
    for name in ("suitability_check", "reminder", "risk_profile", "risk_question"):
        op.drop_table(name, schema="finance")
