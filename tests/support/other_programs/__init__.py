"""Write small files as fifteen more programs export them, with the dirt of each, and say what has to come of them.

The columns are those that the vendors name: `docs/import.md` says where.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

from tests.support.other_programs import address_books, desks, lists, sales
from tests.support.other_programs.sent import Sent

PROGRAMS: Sequence[Callable[[], list[Sent]]] = (
    address_books.google,
    address_books.outlook,
    address_books.intercom,
    sales.freshsales,
    sales.sell,
    sales.copper,
    sales.capsule,
    lists.monday,
    lists.streak,
    lists.notion,
    lists.airtable,
    lists.dynamics,
    lists.chinese,
    desks.freshdesk,
    desks.zendesk,
)
"""What writes the files of each program."""
