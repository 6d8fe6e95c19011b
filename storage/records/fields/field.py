"""Say what is true of the fields of every type: where their values stand, how they are stored and compared."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from sqlalchemy.orm import Session

from storage.errors import Invalid
from storage.names import name_key
from storage.records.comparisons import Field, Kind, ValueRows
from storage.records.named import Named, Record
from storage.workspace.members import Role


@dataclass(frozen=True, kw_only=True)
class RecordField:
    """Declare one field of a noun.

    `key` is what people type before a colon, `at` the attribute that holds the value (the key where it is left out),
    `by` the attribute it is filtered and sorted by; a field without one is neither. Of records that are not merged,
    only one may have a value that is `unique`. A field of a workspace's own has its number as `custom_id`, under which
    its values stand in the record's `custom`. A field is not `entered` if its value follows from what people do;
    `begins` gives the value where nobody does, `change` stores another one and returns the follow-ups it cancels.
    Programs tell one `told_with` another field as they change that one, where it follows from it.
    One that is `seen_by` some roles is for nobody else, and never for a channel; without any, all see it.
    """

    key: str
    label: str
    at: str = ""
    by: str = ""
    required: bool = False
    unique: bool = False
    example: str = ""
    hint: str = ""
    custom_id: int = 0
    entered: bool = True
    told_with: str = ""
    seen_by: frozenset[Role] = frozenset()
    begins: Callable[[Session], Any] | None = None
    change: Callable[..., Sequence[Record]] | None = None

    compares: ClassVar[Kind] = "name"
    written: ClassVar[re.Pattern[str] | None] = None
    """How a value of it looks that stands among the words of a name, without its key."""
    column: ClassVar[str | None] = "key"
    """The column of storage.records.values.FieldValue by which a value of a workspace's own field is compared."""

    def is_seen(self, roles: Collection[Role]) -> bool:
        """Tell whether it is for whoever acts in these roles; a channel acts in none."""
        return not self.seen_by or not self.seen_by.isdisjoint(roles)

    @property
    def attributes(self) -> frozenset[str]:
        """Name the attributes that tell its value, in the history too."""
        return frozenset({self.at or self.key, self.by, getattr(self, "currency", "")} - {""})

    def check(self, session: Session, value: Any) -> Any:
        """Return a value as it is stored, None for none; raise Invalid, or NotFound for what it names."""
        checked = None if value is None or value == "" else self.checked(session, value)
        if checked is None and self.required:
            raise Invalid("{name} is missing.", field=self.key, name=self.label)
        return checked

    def checked(self, session: Session, value: Any) -> Any:
        """Return a value that is there as it is stored; raise Invalid for one that cannot be."""
        raise NotImplementedError

    def of(self, record: Named) -> Any:
        """Return the value that a record has."""
        if self.custom_id:
            return self.from_json(record.custom.get(str(self.custom_id)))
        return getattr(record, self.at or self.key)

    def put(self, record: Named, value: Any) -> None:
        """Give a record a value that has been checked, None for none."""
        if self.custom_id:
            # A new dictionary, as changes inside one are not noticed.
            record.custom = with_value(record.custom, self, value)
        else:
            setattr(record, self.at or self.key, value)

    def derived(self, value: Any) -> dict[str, Any]:
        """Return the columns of storage.records.values.FieldValue that a value fills."""
        return {self.column: name_key(str(value)) if self.column == "key" else value} if self.column else {}

    def to_json(self, value: Any) -> Any:
        """Return a stored value as JSON holds it."""
        return value

    def from_json(self, value: Any) -> Any:
        """Return what `to_json` was given; raise ValueError or TypeError for what it cannot have made."""
        return value

    def comparison(self, model: type[Named]) -> Field | None:
        """Return how records are filtered and sorted by this field, None if they are not."""
        return self.compared(getattr(model, self.by)) if self.by else None

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how values in a column are compared; `currency` is the column of an amount's, where that is one."""
        return Field(column, self.compares, rows=rows)


def with_value(custom: Mapping[str, Any], field: RecordField, value: Any) -> dict[str, Any]:
    """Return the values of a workspace's own fields with one of them set, or taken away by None."""
    rest = {key: one for key, one in custom.items() if key != str(field.custom_id)}
    return rest if value is None else {**rest, str(field.custom_id): field.to_json(value)}
