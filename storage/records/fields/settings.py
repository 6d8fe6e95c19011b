"""Type the field that holds a setting of the workspace, such as the stage of a deal."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

from sqlalchemy.orm import Session

from storage.database.engine import current_workspace
from storage.errors import Invalid
from storage.money import BIGINT
from storage.records.comparisons import Field, Kind, ValueRows
from storage.records.fields.field import RecordField


class Setting(Protocol):
    """Stand for what a workspace has set, by its number and a name that no other has."""

    @property
    def id(self) -> int:
        """Return the setting's number."""

    @property
    def name(self) -> str:
        """Return what people call it."""


@dataclass(frozen=True, kw_only=True)
class SettingField(RecordField):
    """Hold a setting, by its number: `resolve` finds the one a person means, forms offer those it is `among`."""

    to: type[Any]
    resolve: Callable[[Session, str], Setting]
    among: Callable[[Session], Sequence[Setting]]
    compares: ClassVar[Kind] = "record"

    def checked(self, session: Session, value: Any) -> int:
        """Return the number of a setting that is there; raise Invalid for none."""
        found = self.linked(session, value)
        if found is None:
            raise Invalid("This {name} is gone.", field=self.key, name=self.key, hint="Choose another.")
        return found.id

    def linked(self, session: Session, number: Any) -> Setting | None:
        """Return the setting of a number, None for none."""
        if type(number) is not int or not 0 < number <= BIGINT:
            return None
        found: Setting | None = session.get(self.to, (current_workspace(session), number))
        return found

    def compared(self, column: Any, currency: Any = None, rows: ValueRows | None = None) -> Field:
        """Return how records are filtered by the setting."""
        return Field(column, "record", resolve=self.resolve, rows=rows)
