"""Say how many records move, and read what a control is about."""

from __future__ import annotations

from bot.plugin import Catalogue, _
from storage.errors import Invalid


def records(catalogue: Catalogue, noun: str, count: int) -> str:
    """Return how many records of a noun there are, in words."""
    known = catalogue.nouns.get(noun)
    label = noun if known is None else _(known.declaration.label if count == 1 else known.declaration.plural)
    return _("{count} {records}").format(count=f"{count:,}", records=label.casefold())


def setting(detail: str) -> tuple[str, str]:
    """Return the kind of a setting and what it is stored as; raise Invalid for anything else."""
    what, _sep, key = detail.partition(" ")
    if not key:
        raise Invalid("This button no longer works.", hint="Please repeat the command.")
    return what, key
