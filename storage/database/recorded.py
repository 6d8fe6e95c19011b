"""Say which models have a history, and turn their columns into JSON and back."""

from collections.abc import Collection, Iterable
from datetime import UTC, date, datetime, time
from decimal import Decimal
from enum import Enum
from typing import Any, ClassVar
from uuid import UUID

from sqlalchemy import JSON, Table, inspect
from sqlalchemy.orm import ColumnProperty, Mapper, Session

from storage.references import DECLARED, reference


class Recorded:
    """Mix into a model whose every change belongs in the history.

    The primary key is (workspace_id, one column). Versions and columns with `onupdate` are not recorded, as they change
    with any change, nor are those with `info={"unrecorded": True}`, which an undo must leave alone.
    """

    __noun__: ClassVar[str]
    __owner__: ClassVar[str | None] = None
    """The attribute that holds whose the record is, for records that people are told about."""
    __audit__: ClassVar[str] = ""
    """By which word the audit lists its changes, for what sets a workspace up."""

    def history_subject(self) -> tuple[str, int | None]:
        """Return noun and number of the record whose timeline shows this row's changes: the row, unless overridden."""
        key = getattr(self, key_attribute(type(self)).key)
        return str(self.__noun__), key if isinstance(key, int) else None

    def history_name(self) -> str:
        """Return what people call this row."""
        name = getattr(self, "name", None)
        if name:
            return str(name)
        noun, number = self.history_subject()
        return reference(noun, number) if number is not None and noun in DECLARED else noun

    def undoing(self, session: Session, action: str) -> None:
        """Put right what hangs on this row when an undo changes it; nothing, unless overridden.

        `action` is that of the change undone: for "created" it is called before the row is removed, for "updated" and
        "deleted" after it was set back.
        """

    @classmethod
    def undoing_together(cls, session: Session, rows: Collection[Any], names: Collection[str]) -> None:
        """Do for many rows what `undoing` does for one of which an undo set these attributes back."""
        for row in rows:
            row.undoing(session, "updated")


def key_attribute(model: type[Recorded]) -> ColumnProperty[Any]:
    """Return the primary key's column besides workspace_id; raise TypeError if there is not exactly one."""
    mapper = inspect(model)
    # Of what a workspace has one of, its own id is all there is.
    rest = [column for column in mapper.primary_key if column.key != "workspace_id"] or list(mapper.primary_key)
    if len(rest) != 1:
        raise TypeError(f"{model.__name__} needs the primary key (workspace_id, one column) to be recorded")
    attribute = mapper.get_property_by_column(rest[0])
    assert isinstance(attribute, ColumnProperty)
    return attribute


def entity_name(mapper: Mapper[Any]) -> str:
    """Return the name by which the history knows a model: its table's, with the schema of a plugin's."""
    assert isinstance(mapper.local_table, Table)
    return mapper.local_table.fullname


def row_key(row: Recorded) -> str:
    """Return the key of a row within its workspace and table, as text."""
    return str(getattr(row, key_attribute(type(row)).key))


def recorded_attributes(mapper: Mapper[Any]) -> Iterable[ColumnProperty[Any]]:
    """Yield the attributes whose values belong in the history."""
    for attribute in mapper.column_attrs:
        column = attribute.columns[0]
        if column.table is not mapper.local_table or column.primary_key or column is mapper.version_id_col:
            continue
        if column.info.get("unrecorded"):
            continue
        if column.onupdate is None and column.server_onupdate is None and column.computed is None:
            yield attribute


def values(row: Recorded) -> dict[str, Any]:
    """Return all recorded values of a row, JSON-safe."""
    return {
        attribute.key: to_json(getattr(row, attribute.key)) for attribute in recorded_attributes(inspect(type(row)))
    }


def to_json(value: Any) -> Any:
    """Return a column's value as JSON can hold it; moments in UTC, so that equal moments are equal texts.

    Raises TypeError for a type that could not be read back.
    """
    match value:
        case None | bool() | int() | float() | str():
            return value
        case datetime():
            return value.astimezone(UTC).isoformat()
        case date() | time():
            return value.isoformat()
        case UUID() | Decimal():
            return str(value)
        case Enum():
            return to_json(value.value)
        case list() | tuple():
            return [to_json(item) for item in value]
        case dict():
            return {str(key): to_json(item) for key, item in value.items()}
    raise TypeError(f"{type(value).__name__} cannot be kept in the history")


def from_json(attribute: ColumnProperty[Any], value: Any) -> Any:
    """Return a value of the history as the attribute's column holds it."""
    column = attribute.columns[0]
    if value is None or not isinstance(value, str) or isinstance(column.type, JSON):
        return value
    python_type = column.type.python_type
    if issubclass(python_type, str):
        return value
    if issubclass(python_type, (date, time)):  # a datetime is a date
        return python_type.fromisoformat(value)
    return python_type(value)
