"""Delete what is over and no longer needed, a batch at a time: nothing that is referred to, or that may be repeated.

Customers' messages, tickets and the history stay: they are what the product is for.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sqlalchemy import text
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.queues.claimed import in_index_order

FEWEST_DAYS = 2
"""Slack may repeat an event for a day, and a change can be undone for one."""
ROLLED_BACK_TO = 5
"""To so many models that answered before the live one people can go back, however old they are."""


@dataclass(frozen=True)
class Keep:
    """Say for how many days what is over is kept.

    `requests`: what Slack sent and was handled, and what was answered. `failures`: what could not be handled.
    `deliveries`: what was sent, refused, cancelled or held back for good, and what webhooks were told. `digests`: the
    numbers of digests. `models`: the weights of models that do not answer any more.
    """

    requests: int = 7
    failures: int = 90
    deliveries: int = 90
    digests: int = 400
    models: int = 90

    def __post_init__(self) -> None:
        """Refuse what would have a repeat taken for something new."""
        if min(self.requests, self.failures, self.deliveries, self.digests, self.models) < FEWEST_DAYS:
            raise ValueError(f"keep everything for at least {FEWEST_DAYS} days")


# With OFFSET what is looked for is looked for row by row, by its index, and not read whole to be hashed.
_BY_KIND: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "requests": (
            "requests",
            """
            DELETE FROM inbox WHERE workspace_id = :workspace AND id IN (
                SELECT id FROM inbox
                WHERE workspace_id = :workspace AND state = 'done'
                  AND received_at < now() - make_interval(days => :days)
                ORDER BY received_at LIMIT :most FOR UPDATE SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        # Nobody has come back to them: who does sends the file again.
        "files of imports": (
            "requests",
            """
            DELETE FROM import_part WHERE workspace_id = :workspace AND (import_id, part) IN (
                SELECT part.import_id, part.part FROM import_part AS part
                JOIN import_run AS run ON run.workspace_id = part.workspace_id AND run.id = part.import_id
                WHERE part.workspace_id = :workspace AND run.updated_at < now() - make_interval(days => :days)
                  AND run.state NOT IN ('reading', 'checking', 'running', 'undoing')
                LIMIT :most FOR UPDATE OF part SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        "files taken out": (
            "requests",
            """
            DELETE FROM export_file WHERE workspace_id = :workspace AND id IN (
                SELECT id FROM export_file
                WHERE workspace_id = :workspace AND created_at < now() - make_interval(days => :days)
                ORDER BY created_at LIMIT :most FOR UPDATE SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        "answers": (
            "requests",
            """
            SELECT generate_series(1, forget_answers(:days, :most))
            """,
        ),
        "failed requests": (
            "failures",
            """
            DELETE FROM inbox WHERE workspace_id = :workspace AND id IN (
                SELECT id FROM inbox
                WHERE workspace_id = :workspace AND state = 'dead'
                  AND received_at < now() - make_interval(days => :days)
                ORDER BY received_at LIMIT :most FOR UPDATE SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        "failed jobs": (
            "failures",
            """
            DELETE FROM due WHERE workspace_id = :workspace AND id IN (
                SELECT id FROM due
                WHERE workspace_id = :workspace AND is_job AND at IS NULL AND recurrence IS NULL
                  AND last_at < now() - make_interval(days => :days)
                ORDER BY last_at LIMIT :most FOR UPDATE SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        # What is changed later stays for as long as it can be. A digest that never went out is known by its delivery.
        "deliveries": (
            "deliveries",
            """
            DELETE FROM outbox WHERE workspace_id = :workspace AND id IN (
                SELECT id FROM outbox AS old
                WHERE workspace_id = :workspace AND NOT stays AND state IN ('sent', 'dead', 'cancelled', 'held')
                  AND created_at < now() - make_interval(days => :days) AND check_at IS NULL
                  AND (sent_at IS NULL OR sent_at < now() - make_interval(days => :days))
                  AND NOT EXISTS (
                    SELECT FROM outbox AS change
                    WHERE change.workspace_id = :workspace AND change.edits = old.id
                    OFFSET 0
                  )
                  AND NOT EXISTS (
                    SELECT FROM ticket WHERE ticket.workspace_id = :workspace AND ticket.card_delivery_id = old.id
                    OFFSET 0
                  )
                  AND (state = 'sent' OR NOT EXISTS (
                    SELECT FROM digest_run
                    WHERE digest_run.workspace_id = :workspace AND digest_run.delivery_id = old.id
                    OFFSET 0
                  ))
                ORDER BY created_at LIMIT :most FOR UPDATE OF old SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        # Of webhooks too, whatever became of them: one that was off for so long is told the rest and no more.
        "webhook deliveries": (
            "deliveries",
            """
            DELETE FROM webhook_delivery WHERE workspace_id = :workspace AND id IN (
                SELECT id FROM webhook_delivery
                WHERE workspace_id = :workspace AND created_at < now() - make_interval(days => :days)
                ORDER BY created_at LIMIT :most FOR UPDATE SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        # The next digest compares with the last one, however long ago that was.
        "digests": (
            "digests",
            """
            DELETE FROM digest_run WHERE workspace_id = :workspace AND id IN (
                SELECT id FROM digest_run AS old
                WHERE workspace_id = :workspace AND created_at < now() - make_interval(days => :days)
                  AND (digest_id IS NULL OR EXISTS (
                    SELECT FROM digest_run AS later
                    WHERE later.workspace_id = :workspace AND later.digest_id = old.digest_id
                      AND later.until > old.until AND later.delivery_id IS NOT NULL AND NOT later.asked
                    OFFSET 0
                ))
                ORDER BY created_at LIMIT :most FOR UPDATE OF old SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        "models": (
            "models",
            """
            UPDATE model_version SET weights = NULL WHERE workspace_id = :workspace AND id IN (
                SELECT id FROM model_version
                WHERE workspace_id = :workspace AND state <> 'live' AND weights IS NOT NULL
                  AND trained_at < now() - make_interval(days => :days)
                  AND id NOT IN (
                    SELECT id FROM model_version
                    WHERE workspace_id = :workspace AND state = 'retired' AND weights IS NOT NULL
                    ORDER BY live_at DESC LIMIT :rolled_back_to
                  )
                ORDER BY trained_at LIMIT :most FOR UPDATE SKIP LOCKED
            ) RETURNING 1
            """,
        ),
        # Of names that changed or are gone: what nobody else is called.
        "words": (
            "requests",
            """
            SELECT generate_series(1, forget_name_words(:most))
            """,
        ),
    }
)
KINDS = tuple(_BY_KIND)
"""What is deleted, each kind on its own."""
STATEMENTS: Mapping[str, str] = MappingProxyType({kind: statement for kind, (_, statement) in _BY_KIND.items()})
_COMPILED = {kind: text(statement) for kind, statement in STATEMENTS.items()}
# One process at a time in a workspace: others would wait for the same rows, or read over those it has locked.
_TURN = text("SELECT pg_try_advisory_xact_lock(hashtextextended('retention ' || :workspace, 0))")


def purge(session: Session, kind: str, keep: Keep, limit: int = 500) -> int:
    """Delete up to `limit` rows of one of `KINDS` in the session's workspace, and return how many.

    None while another process does so there.
    """
    workspace_id = current_workspace(session)
    if not session.scalar(_TURN, {"workspace": workspace_id}):
        return 0
    in_index_order(session)
    days = getattr(keep, _BY_KIND[kind][0])
    given = {"workspace": workspace_id, "days": days, "most": limit, "rolled_back_to": ROLLED_BACK_TO}
    gone = session.execute(_COMPILED[kind], given)
    return len(gone.all())


_HELD = text("""
SELECT name, count, coalesce(extract(epoch FROM now() - oldest) / 86400, 0) FROM (
    SELECT 'from Slack', count(*), min(received_at) FROM inbox
    UNION ALL SELECT 'to Slack', count(*), min(created_at) FROM outbox WHERE NOT stays
    UNION ALL SELECT 'to Slack that stay', count(*), min(created_at) FROM outbox WHERE stays
) AS queue (name, count, oldest)
""")


def held(session: Session) -> list[tuple[str, int, float]]:
    """Return what each queue holds, name, rows, and the age of the oldest in days; the session sees '*'."""
    return [(name, count, float(days)) for name, count, days in session.execute(_HELD)]
