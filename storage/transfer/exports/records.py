"""Write records as the rows of a table that comes back in as it was.

The first column names noun, workspace and record (`customer (Rapport T0ACME)`, `C-1`), so a table that comes back is
known, in this workspace and in another.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.records.declaration import Declaration
from storage.records.fields import LinkField, PersonField, RecordField, SettingField
from storage.records.named import Named
from storage.transfer.cells import cell
from storage.transfer.own import ADDED_ON, ARCHIVED_ON, first_column
from storage.workspace.members import Member

PAGE = 1_000


@dataclass
class RecordTable:
    """Write records of a noun as rows of text; what they are linked to by name is looked up once."""

    session: Session
    declaration: Declaration

    def __post_init__(self) -> None:
        """Know everybody, as people are few."""
        self._people = {one.id: one.email or one.id for one in self.session.scalars(select(Member))}

    @property
    def header(self) -> list[str]:
        """Return the names of the columns."""
        first = first_column(self.declaration.key, current_workspace(self.session))
        return [first, *(field.label for field in self.declaration.fields), ADDED_ON, ARCHIVED_ON]

    def row(self, record: Named) -> list[Any]:
        """Return a record's cells, as `storage.transfer.exports.workbook` takes them."""
        cells = [self._cell(field, record) for field in self.declaration.fields]
        moments = [record.created_at.isoformat(" "), record.archived_at.isoformat(" ") if record.archived_at else ""]
        return [record.reference, *cells, *moments]

    def rows(self, *where: Any) -> Iterator[list[Any]]:
        """Yield the rows of all records that are not merged into others, by their numbers."""
        model, last = self.declaration.model, 0
        while True:
            page = select(model).where(model.merged_into_id.is_(None), model.id > last, *where)
            found = self.session.scalars(page.order_by(model.id).limit(PAGE)).all()
            for record in found:
                yield self.row(record)
            if len(found) < PAGE:
                return
            last = found[-1].id
            self.session.expunge_all()

    def _cell(self, field: RecordField, record: Named) -> Any:
        value = field.of(record)
        return "" if value is None else cell(field).write(field, value, self._named)

    def _named(self, field: Any, value: Any) -> str:
        match field:
            case PersonField():
                return self._people.get(value, str(value))
            case SettingField():
                found = field.linked(self.session, value)
                return found.name if found else ""
            case LinkField():
                return field.reference_of(self.session, value) or ""
        return str(value)
