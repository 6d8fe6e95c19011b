"""Make before an import runs what its file has and the workspace lacks: fields for columns, settings such as stages."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress

from sqlalchemy.orm import Session

from storage.errors import CrmError, Invalid
from storage.names import NAME_LIMIT, check_email
from storage.records import lifecycle, schema
from storage.records.declaration import Declaration
from storage.records.fields import SettingField
from storage.records.schema import field_definitions
from storage.transfer.activities.declaration import is_activity
from storage.transfer.cells import NO, YES
from storage.transfer.mapping import NEW, ColumnMapping
from storage.transfer.written import Notation, read_day, read_number

_NUMBER = re.compile(r"[+\-−]?\d{1,15}")
_ADDRESS = re.compile(r"https?://\S+", re.IGNORECASE)


def _is_day(cell: str) -> bool:
    with suppress(CrmError):
        read_day(cell, Notation(None, True))
        return True
    with suppress(CrmError):
        read_day(cell, Notation(None, False))
        return True
    return False


def _is_amount(cell: str) -> bool:
    if not re.search(r"[€$£¥]|\b[A-Z]{3}\b", cell) or not re.fullmatch(r"\D{0,4}[\d.,'’\s]+\D{0,4}", cell):
        return False
    with suppress(CrmError):
        read_number(cell, Notation("," if re.search(r",\d{1,2}\D*$", cell) else ".", None))
        return True
    return False


def _is_email(cell: str) -> bool:
    with suppress(CrmError):
        return check_email(cell) is not None
    return False


_TESTS: Mapping[str, Callable[[str], bool]] = {
    "yesno": lambda cell: cell.casefold() in (YES | NO) - {"0", "1", "-"},
    "number": lambda cell: _NUMBER.fullmatch(cell) is not None,
    "date": _is_day,
    "money": _is_amount,
    "email": _is_email,
    "link": lambda cell: _ADDRESS.fullmatch(cell) is not None,
    "text": lambda cell: len(cell) <= NAME_LIMIT and "\n" not in cell,
}
"""Whether a cell can be a value of each type of field; what no type fits is a long text."""


class TypeGuess:
    """Say of which type the field is that all cells of a column fit."""

    def __init__(self) -> None:
        self._fitting = list(_TESTS)
        self._seen = False

    def see(self, cell: str) -> None:
        """Look at one more cell, which is not empty."""
        self._seen = True
        self._fitting = [one for one in self._fitting if _TESTS[one](cell)]

    @property
    def type(self) -> str:
        """Return the type that fits all cells that were seen."""
        return (self._fitting[0] if self._fitting else "long") if self._seen else "text"


def prepare(
    session: Session,
    mapping: ColumnMapping,
    declarations: Mapping[str, Declaration],
    missing: Sequence[tuple[str, str]],
    reserved: Collection[str] = (),
) -> ColumnMapping:
    """Make the fields that columns are to become, and the settings that are `missing` where that is wanted.

    `missing` are keys of fields with the name of a setting. Returns the mapping to the fields made. Must run inside
    `recording`. Raises what defining a field does.
    """
    noun = declarations[mapping.noun]
    for at, column in enumerate(mapping.columns):
        if column.to.startswith(NEW):
            if is_activity(noun):
                raise Invalid("{nouns} have no fields of your own.", nouns=noun.plural)
            row = field_definitions.define(session, noun, name=column.name, type=column.to[1:], reserved=reserved)
            mapping = mapping.with_column(at, to=row.key)
            noun = schema.extended(session, noun)
    for key, name in missing if mapping.adds else ():
        field = noun.field(key)
        target = declarations.get(str(field.to.__noun__)) if isinstance(field, SettingField) else None
        if target is not None:
            lifecycle.add(session, target, {"name": name})
    return mapping
