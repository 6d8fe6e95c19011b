"""Give what falls due the same delivery id for the same occasion, so that it can be found after a restore.

Revision ID: 0014
"""

from importlib import import_module

from alembic import op

revision = "0014"
down_revision = "0013"
branch_labels = None
depends_on = None

ID = "md5(concat_ws(':', taken.workspace_id, taken.kind, taken.subject, taken.utc))::uuid"
# Another id only where that one is taken: by a delivery of the same occasion that was cancelled.
OF_THE_OCCASION = (
    "CASE WHEN EXISTS (SELECT FROM outbox AS earlier WHERE earlier.workspace_id = taken.workspace_id"
    f" AND earlier.id = {ID}) THEN gen_random_uuid() ELSE {ID} END"
)


def upgrade() -> None:
    op.execute(_function().replace("gen_random_uuid()", OF_THE_OCCASION))


def downgrade() -> None:
    op.execute(_function())


def _function() -> str:
    before: str = import_module("storage.database.migrations.versions.0003_queues").MATERIALISE
    return before.replace("CREATE FUNCTION", "CREATE OR REPLACE FUNCTION")
