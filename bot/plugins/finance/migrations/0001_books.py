"""Make the tables of instruments, prices, portfolios and the journal, and let Postgres keep the journal balanced.

Revision ID: finance_0001
"""

from typing import Any

import sqlalchemy as sa
from alembic import op

from storage.database.policies import append_only, record_table, tenant_table, workspace_id

revision = "finance_0001"
down_revision = None
branch_labels = None
depends_on = None

WHOLE, WORDS, DAY, MOMENT = sa.BigInteger, sa.Text, sa.Date, sa.DateTime(timezone=True)
MANY, RATE = sa.Numeric(20, 8), sa.Numeric(20, 10)


def to(column: str, table: str, ondelete: str | None = None) -> sa.ForeignKeyConstraint:
    ends = f"SET NULL ({column})" if ondelete == "SET NULL" else ondelete
    return sa.ForeignKeyConstraint(["workspace_id", column], [f"{table}.workspace_id", f"{table}.id"], ondelete=ends)


def needed(name: str, kind: Any) -> sa.Column[Any]:
    return sa.Column(name, kind, nullable=False)


def since_now(name: str) -> sa.Column[object]:
    return sa.Column(name, MOMENT, nullable=False, server_default=sa.func.now())


def table(name: str, *parts: sa.schema.SchemaItem, numbered: bool = False) -> None:
    number = [] if numbered else [sa.Identity()]
    op.create_table(
        name,
        workspace_id(),
        sa.Column("id", WHOLE, *number, nullable=False, autoincrement=False if numbered else "auto"),
        *parts,
        sa.PrimaryKeyConstraint("workspace_id", "id"),
        schema="finance",
    )


CHECK_BOOKING = """
CREATE FUNCTION finance.check_booking() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    whose text := NEW.workspace_id;
    which bigint := CASE TG_TABLE_NAME WHEN 'booking' THEN to_jsonb(NEW)->>'id' ELSE to_jsonb(NEW)->>'booking_id' END;
    reversed bigint;
    postings bigint;
BEGIN
    SELECT reverses_id INTO reversed FROM finance.booking
        WHERE workspace_id = whose AND id = which AND booked_at = now();
    IF NOT FOUND THEN
        RAISE EXCEPTION 'booking % is in the journal already', which USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    SELECT count(*) INTO postings FROM finance.posting WHERE workspace_id = whose AND booking_id = which;
    IF postings < 2 OR EXISTS (
        SELECT FROM finance.posting WHERE workspace_id = whose AND booking_id = which
        GROUP BY currency, instrument_id HAVING sum(amount_minor) <> 0 OR sum(quantity) <> 0
    ) THEN
        RAISE EXCEPTION 'booking % does not balance', which USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF reversed IS NOT NULL AND EXISTS (
        SELECT FROM finance.posting WHERE workspace_id = whose AND booking_id IN (which, reversed)
        GROUP BY book, account_id, currency, instrument_id HAVING sum(amount_minor) <> 0 OR sum(quantity) <> 0
    ) THEN
        RAISE EXCEPTION 'booking % does not undo booking %', which, reversed
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NULL;
END
$$
"""


KEEP_BOOKING = """
CREATE FUNCTION finance.keep_booking() RETURNS trigger LANGUAGE plpgsql
SET search_path = pg_catalog, pg_temp
AS $$ BEGIN
    RAISE EXCEPTION 'a booking is never changed, it is reversed' USING ERRCODE = 'integrity_constraint_violation';
END $$
"""


def upgrade() -> None:
    record_table(
        op,
        "finance.instrument",
        needed("symbol", WORDS),
        needed("symbol_key", sa.Text(collation="C")),
        needed("asset_class", WORDS),
        needed("currency", WORDS),
        sa.CheckConstraint(
            "asset_class IN ('equity', 'bond', 'fund', 'property', 'commodity', 'crypto', 'other')",
            name="instrument_asset_class_check",
        ),
        noun="instrument",
    )
    op.create_index(
        "instrument_workspace_id_symbol_key_idx",
        "instrument",
        ["workspace_id", "symbol_key"],
        unique=True,
        postgresql_where=sa.text("merged_into_id IS NULL"),
        schema="finance",
    )
    table(
        "price",
        needed("instrument_id", WHOLE),
        needed("on_date", DAY),
        needed("price", MANY),
        to("instrument_id", "finance.instrument", "CASCADE"),
        sa.UniqueConstraint("workspace_id", "instrument_id", "on_date"),
        sa.CheckConstraint("price >= 0", name="price_price_check"),
    )
    table(
        "exchange_rate",
        needed("currency", WORDS),
        needed("other", WORDS),
        needed("on_date", DAY),
        needed("rate", RATE),
        sa.UniqueConstraint("workspace_id", "currency", "other", "on_date"),
        sa.CheckConstraint("rate > 0 AND currency <> other", name="exchange_rate_rate_check"),
    )
    record_table(
        op,
        "finance.portfolio",
        sa.Column("customer_id", WHOLE),
        needed("currency", WORDS),
        sa.Column("owner_id", WORDS),
        sa.Column("review_on", DAY),
        to("customer_id", "customer", "SET NULL"),
        to("owner_id", "member", "SET NULL"),
        *(sa.Index(None, "workspace_id", one) for one in ("customer_id", "owner_id", "review_on")),
        noun="portfolio",
    )
    record_table(
        op,
        "finance.account",
        needed("portfolio_id", WHOLE),
        sa.Column("number", WORDS),
        to("portfolio_id", "finance.portfolio"),
        sa.Index(None, "workspace_id", "portfolio_id"),
        noun="account",
    )
    table(
        "access",
        needed("portfolio_id", WHOLE),
        since_now("at"),
        sa.Column("who", WORDS),
        needed("what", WORDS),
        to("portfolio_id", "finance.portfolio", "CASCADE"),
        sa.Index(None, "workspace_id", "portfolio_id", "id"),
    )
    make_journal()
    make_transfers()
    for name in ("price", "exchange_rate"):
        tenant_table(op, f"finance.{name}")
    tenant_table(op, "finance.transfer", rights="SELECT, INSERT, UPDATE")
    for name in ("access", "posting"):
        append_only(op, f"finance.{name}")
    # An undo, which says why it cannot, first locks what it would take back.
    tenant_table(op, "finance.booking", rights="SELECT, INSERT, UPDATE")


def make_journal() -> None:
    kinds = (
        "kind IN ('buy', 'sell', 'income', 'fee', 'deposit', 'delivery', 'split', 'transfer', 'exchange', 'reversal')"
    )
    table(
        "booking",
        needed("portfolio_id", WHOLE),
        needed("kind", WORDS),
        needed("traded_on", DAY),
        needed("settled_on", DAY),
        sa.Column("instrument_id", WHOLE),
        sa.Column("words", WORDS),
        sa.Column("reverses_id", WHOLE),
        since_now("booked_at"),
        sa.Column("booked_by", WORDS),
        to("portfolio_id", "finance.portfolio"),
        to("instrument_id", "finance.instrument"),
        to("reverses_id", "finance.booking"),
        sa.UniqueConstraint("workspace_id", "reverses_id"),
        sa.CheckConstraint(kinds, name="booking_kind_check"),
        sa.CheckConstraint("settled_on >= traded_on", name="booking_settled_on_check"),
        sa.CheckConstraint("(kind = 'reversal') = (reverses_id IS NOT NULL)", name="booking_reverses_check"),
        sa.Index(None, "workspace_id", "portfolio_id", "traded_on", "id"),
        numbered=True,
    )
    table(
        "posting",
        needed("booking_id", WHOLE),
        needed("book", WORDS),
        sa.Column("account_id", WHOLE),
        sa.Column("instrument_id", WHOLE),
        sa.Column("quantity", MANY),
        sa.Column("currency", WORDS),
        sa.Column("amount_minor", WHOLE),
        sa.Column("cost_minor", WHOLE),
        sa.Column("cost_currency", WORDS),
        sa.Column("since", DAY),
        to("booking_id", "finance.booking", "CASCADE"),
        to("account_id", "finance.account"),
        to("instrument_id", "finance.instrument"),
        sa.CheckConstraint(
            "book IN ('account', 'market', 'incomes', 'fees', 'taxes', 'outside')", name="posting_book_check"
        ),
        sa.CheckConstraint("(book = 'account') = (account_id IS NOT NULL)", name="posting_account_check"),
        sa.CheckConstraint(
            "CASE WHEN instrument_id IS NULL"
            " THEN quantity IS NULL AND currency IS NOT NULL AND amount_minor <> 0 AND cost_minor IS NULL"
            " ELSE quantity <> 0 AND currency IS NULL AND amount_minor IS NULL END IS TRUE",
            name="posting_of_check",
        ),
        sa.CheckConstraint(
            "(cost_minor IS NULL) = (cost_currency IS NULL) AND (cost_minor IS NULL) = (since IS NULL)",
            name="posting_cost_check",
        ),
        sa.Index(None, "workspace_id", "booking_id"),
        sa.Index(None, "workspace_id", "account_id"),
    )
    op.execute(CHECK_BOOKING)
    op.execute(KEEP_BOOKING)
    op.execute(
        "CREATE TRIGGER keep_booking BEFORE UPDATE ON finance.booking"
        " FOR EACH ROW EXECUTE FUNCTION finance.keep_booking()"
    )
    for name in ("booking", "posting"):
        op.execute(
            f"CREATE CONSTRAINT TRIGGER balance AFTER INSERT ON finance.{name} DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION finance.check_booking()"
        )


def make_transfers() -> None:
    table(
        "transfer",
        *(needed(name, WHOLE) for name in ("portfolio_id", "account_id")),
        sa.Column("to_account_id", WHOLE),
        sa.Column("to_words", WORDS),
        sa.Column("instrument_id", WHOLE),
        sa.Column("quantity", MANY),
        sa.Column("currency", WORDS),
        sa.Column("amount_minor", WHOLE),
        sa.Column("words", WORDS),
        needed("state", WORDS),
        needed("maker_id", WORDS),
        since_now("made_at"),
        sa.Column("checker_id", WORDS),
        sa.Column("checked_at", MOMENT),
        sa.Column("reason", WORDS),
        sa.Column("booking_id", WHOLE),
        needed("on_date", DAY),
        to("portfolio_id", "finance.portfolio"),
        to("account_id", "finance.account"),
        to("to_account_id", "finance.account"),
        to("instrument_id", "finance.instrument"),
        to("booking_id", "finance.booking"),
        sa.CheckConstraint("state IN ('waiting', 'done', 'declined', 'withdrawn')", name="transfer_state_check"),
        sa.CheckConstraint(
            "checker_id IS DISTINCT FROM maker_id OR checker_id IS NULL", name="transfer_two_people_check"
        ),
        sa.CheckConstraint("(state = 'done') = (booking_id IS NOT NULL)", name="transfer_booked_check"),
        sa.CheckConstraint(
            "state NOT IN ('done', 'declined') OR checker_id IS NOT NULL", name="transfer_checked_check"
        ),
        sa.CheckConstraint("(to_account_id IS NULL) <> (to_words IS NULL)", name="transfer_goes_to_check"),
        sa.CheckConstraint(
            "CASE WHEN instrument_id IS NULL THEN quantity IS NULL AND currency IS NOT NULL AND amount_minor > 0"
            " ELSE quantity > 0 AND currency IS NULL AND amount_minor IS NULL END IS TRUE",
            name="transfer_of_check",
        ),
        sa.Index(None, "workspace_id", "state", "id"),
        sa.Index(None, "workspace_id", "portfolio_id", "id"),
        numbered=True,
    )


def downgrade() -> None:
    for name in ("transfer", "posting", "booking", "access", "account", "portfolio", "exchange_rate", "price"):
        op.drop_table(name, schema="finance")
    op.drop_table("instrument", schema="finance")
    op.execute("DROP FUNCTION finance.check_booking(), finance.keep_booking()")
