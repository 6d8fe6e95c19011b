"""Look for what makes the books tell less than they could, for `rapport doctor`."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import text
from sqlalchemy.orm import Session

from bot.plugins.finance import plugin

NAMED = 20
OLD_DAYS = 14

_UNPRICED = text("""
SELECT symbol FROM finance.instrument AS one
WHERE EXISTS (
    SELECT FROM finance.posting WHERE instrument_id = one.id AND account_id IS NOT NULL HAVING sum(quantity) <> 0
) AND NOT EXISTS (SELECT FROM finance.price WHERE instrument_id = one.id AND on_date > :day)
ORDER BY symbol
""")
_UNBALANCED = text("""
SELECT count(DISTINCT booking_id) FROM (
    SELECT booking_id FROM finance.posting GROUP BY booking_id, currency, instrument_id
    HAVING sum(amount_minor) <> 0 OR sum(quantity) <> 0
) AS wrong
""")


@plugin.finding("Prices", remedy="Set them: `/crm price set`, `/crm price paste`, or a program that sends them.")
def unpriced(session: Session, now: datetime) -> str | None:
    """Look for instruments that are held and have had no price for two weeks."""
    day = now.date().fromordinal(now.date().toordinal() - OLD_DAYS)
    found = session.scalars(_UNPRICED, {"day": day}).all()
    more = f" and {len(found) - NAMED} more" if len(found) > NAMED else ""
    return f"no price for two weeks: {', '.join(found[:NAMED])}{more}" if found else None


@plugin.finding("Journal", remedy="Nothing of Rapport's can cause this: restore a backup, and tell us.")
def unbalanced(session: Session) -> str | None:
    """Look for bookings that do not balance, which Postgres refuses while its triggers stand."""
    count = session.scalar(_UNBALANCED)
    return f"{count} bookings do not balance" if count else None
