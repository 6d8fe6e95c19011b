"""Let the application have Postgres count a table anew once it has doubled, which only the owner may.

Revision ID: 0051
"""

from alembic import op

from storage.database.policies import APP

revision = "0051"
down_revision = "0050"
branch_labels = None
depends_on = None

# A table of fewer pages than eight is read whole or by any index in no time. One session at a time: whoever comes
# meanwhile goes on with the statistics there are, instead of waiting for the other's transaction.
REFRESH_STATISTICS = """
CREATE FUNCTION refresh_statistics() RETURNS integer
LANGUAGE plpgsql SECURITY DEFINER
SET search_path = pg_catalog, pg_temp
AS $$
DECLARE
    doubled regclass;
    counted integer := 0;
BEGIN
    IF NOT pg_try_advisory_xact_lock(hashtextextended('refresh_statistics', 0)) THEN
        RETURN 0;
    END IF;
    FOR doubled IN
        SELECT oid::regclass FROM pg_class
        WHERE relkind = 'r' AND relpersistence = 'p'
        AND relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)
        AND pg_relation_size(oid) >= 2 * current_setting('block_size')::bigint * greatest(relpages, 8)
        ORDER BY oid
    LOOP
        EXECUTE format('ANALYZE %s', doubled);
        counted := counted + 1;
    END LOOP;
    RETURN counted;
END
$$
"""


def upgrade() -> None:
    op.execute(REFRESH_STATISTICS)
    op.execute("REVOKE ALL ON FUNCTION refresh_statistics() FROM PUBLIC")
    op.execute(f"GRANT EXECUTE ON FUNCTION refresh_statistics() TO {APP}")


def downgrade() -> None:
    op.execute("DROP FUNCTION refresh_statistics()")
