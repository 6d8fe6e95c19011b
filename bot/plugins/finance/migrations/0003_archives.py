"""Let bookings come in with the archive of a whole workspace, on the days they were booked.

Revision ID: finance_0003
"""

from alembic import op

revision = "finance_0003"
down_revision = "finance_0002"
branch_labels = None
depends_on = None

NOW = "AND booked_at = now()"
OR_ARRIVES = "AND (booked_at = now() OR current_setting('rapport.arriving', true) = whose)"


def replace(was: str, now: str) -> None:
    quoted = [text.replace("'", "''") for text in (was, now)]
    op.execute(
        "DO $do$ BEGIN EXECUTE replace(pg_get_functiondef('finance.check_booking'::regproc),"
        f" '{quoted[0]}', '{quoted[1]}'); END $do$"
    )


def upgrade() -> None:
    replace(NOW, OR_ARRIVES)


def downgrade() -> None:
    replace(OR_ARRIVES, NOW)
