"""Say in words what a column is, how it is read, and what became of rows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bot.kit import blocks as b
from bot.plugin import Catalogue, Declaration, _, ngettext
from storage.records.fields import LinkField
from storage.transfer.activities.declaration import ABOUT, with_activities
from storage.transfer.mapping import (
    ARCHIVED,
    CREATED,
    CURRENCY,
    FIRST,
    ID,
    LAST,
    LINKED_ID,
    NEW,
    NOTE,
    MappedColumn,
    specials,
)
from storage.transfer.written import Notation

SPECIALS: Mapping[str, str] = {
    ID: "Number in the other program",
    CREATED: "Added on",
    NOTE: "Note",
    FIRST: "First name",
    LAST: "Last name",
    CURRENCY: "Currency of the amounts",
    ARCHIVED: "Archived on",
    ABOUT: "What it is about",
}


TYPES: Mapping[str, str] = {
    "yesno": "yes or no",
    "number": "number",
    "date": "date",
    "money": "money",
    "email": "e-mail",
    "link": "web address",
    "text": "text",
    "long": "long text",
}
"""What people call the types that a column of a file may have."""


def rows_may_be(catalogue: Catalogue) -> Mapping[str, Declaration]:
    """Return what the rows of a table may be, by key: records of any noun, and what was done about them."""
    return with_activities({key: one.declaration for key, one in catalogue.nouns.items()})


def target(noun: Declaration, to: str) -> str:
    """Return what people call what a column is; nothing for one that is left out."""
    if to in SPECIALS:
        return _(SPECIALS[to])
    if to.startswith(NEW):
        return _("a new field: {type}").format(type=_(TYPES[to[1:]])) if to[1:] in TYPES else _("a new field")
    if to.endswith(LINKED_ID):
        return _linked_id(noun, to.removesuffix(LINKED_ID))
    return next((_(field.label) for field in noun.fields if field.key == to), "")


def _links(noun: Declaration) -> list[str]:
    return [field.key for field in noun.fields if isinstance(field, LinkField)]


def _linked_id(noun: Declaration, link: str) -> str:
    return _("{field}, by its number in the other program").format(field=_(noun.field(link).label))


def targets(noun: Declaration) -> dict[str, str]:
    """Return what a column can be, by key, in words."""
    numbers = {f"{link}{LINKED_ID}": _linked_id(noun, link) for link in _links(noun)}
    return (
        {field.key: _(field.label) for field in noun.fields}
        | numbers
        | {key: _(SPECIALS[key]) for key in specials(noun)}
    )


def manner(written: Notation) -> str:
    """Say how a column is read."""
    order = {None: "", True: _("day first"), False: _("month first")}[written.day_first]
    mark = {None: "", ".": _("decimal point"), ",": _("decimal comma")}[written.decimal]
    return ", ".join(filter(None, (order, mark)))


def column_line(noun: Declaration, column: MappedColumn, samples: list[str], *, asks: bool) -> b.Markup:
    """Say what a column is, with some of its cells."""
    shown = ", ".join(b.cut(sample.replace("\n", " "), 40) for sample in samples) or "—"
    to = target(noun, column.to)
    how = manner(column.written)
    line = b.markup(
        _("*{column}* → {to}{how}   _{samples}_") if to else _("{column} → left out   _{samples}_"),
        column=b.cut(column.name, 60),
        to=to,
        how=f" ({how})" if how else "",
        samples=b.Markup(shown.replace("_", " ").replace("*", " ")),
    )
    return b.markup("⚠️ {line}", line=line) if asks else line


def counts_line(counts: Mapping[str, Any]) -> str:
    """Say what becomes of rows."""
    words = {
        "added": _("{count} added"),
        "changed": _("{count} changed"),
        "same": _("{count} left alone"),
        "again": _("{count} the same as a row before"),
        "refused": _("{count} refused"),
        "along": _("{count} more added because rows are linked to them"),
    }
    said = [words[key].format(count=f"{counts[key]:,}") for key in words if counts.get(key)]
    return ", ".join(said) or _("nothing")


def rows_line(count: int) -> str:
    """Say how many rows there are."""
    return ngettext("{count} row", "{count} rows", count).format(count=f"{count:,}")
