"""Say which rows refer to a record, by a key to its own table or to the row that every record has."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, Table, and_, inspect, select
from sqlalchemy.orm import InstrumentedAttribute, Session

from storage.database.engine import Base
from storage.database.recorded import Recorded
from storage.records.rows import RecordRow


@dataclass(frozen=True)
class Reference:
    """Name a model and those of its attributes that refer to a record, by the columns they refer to."""

    model: type[Recorded]
    attributes: Mapping[str, InstrumentedAttribute[Any]]

    def to(self, row: Recorded) -> ColumnElement[bool]:
        """Return the condition that a row of the model refers to this one."""
        return and_(
            *(
                attribute == (row.__noun__ if column == "noun" else getattr(row, column))
                for column, attribute in self.attributes.items()
            )
        )


def references_to(model: type[Recorded]) -> Iterator[Reference]:
    """Yield how rows that have a history refer to records of this model; what has none is a part of its record."""
    table = inspect(model).local_table
    # What has no number, such as a holiday, is no record.
    own = (table, RecordRow.__table__) if hasattr(model, "id") else (table,)
    for mapper in Base.registry.mappers:
        if not issubclass(mapper.class_, Recorded) or mapper.inherits or not isinstance(mapper.local_table, Table):
            continue
        for key in mapper.local_table.foreign_key_constraints:
            if key.referred_table in own and not any(one.parent.info.get("superseded") for one in key.elements):
                yield Reference(
                    mapper.class_,
                    {
                        one.column.name: getattr(mapper.class_, mapper.get_property_by_column(one.parent).key)
                        for one in key.elements
                    },
                )


def referring(session: Session, row: Recorded) -> Iterator[Recorded]:
    """Yield a row of each recorded model that refers to this one, also where the database would let it go along.

    Rows of models that are not recorded are parts of the record, and go with it where their key cascades.
    """
    for reference in references_to(type(row)):
        found = session.scalars(select(reference.model).where(reference.to(row)).limit(1)).first()
        if found is not None:
            yield found
