"""Hold what a plugin has declared and others fill or ask for: fields, settings, counts, addresses for programs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from prometheus_client import Counter
from sqlalchemy.orm import Session

from storage.records import schema
from storage.records.fields import ChoiceField, RecordField
from storage.records.named import Named
from storage.workspace import plugin_settings
from storage.workspace.members import Role


@dataclass(frozen=True, slots=True)
class GivenField:
    """Hold a field that a plugin gives to a noun it does not declare; each workspace gets it as one of its own."""

    noun: str
    key: str
    name: str
    type: str
    hint: str = ""
    choices: Sequence[str] = ()
    links_to: str = ""

    def of(self, session: Session, record: Named) -> Any:
        """Return the value that a record has, None for none and where the workspace has retired the field.

        Of a choice it is the name.
        """
        noun = schema.of(session).declared[record.__noun__]
        found = next((one for one in noun.fields if one.key == self.key and one.custom_id), None)
        value = found.of(record) if found else None
        return found.name_of(value) if isinstance(found, ChoiceField) and value is not None else value


@dataclass(frozen=True, slots=True)
class DeclaredSetting:
    """Hold a setting of a plugin: a typed field, and the value it has until an admin chooses another.

    Of one that is a `secret` nobody is shown more than whether there is one.
    """

    plugin: str
    field: RecordField
    default: Any
    secret: bool = False

    @property
    def id(self) -> str:
        """Return the name under which the value is kept."""
        return f"{self.plugin}.{self.field.key}"

    def of(self, session: Session) -> Any:
        """Return the value in the session's workspace; the default too for what a release before kept otherwise."""
        found = plugin_settings.get(session, self.id)
        if self.secret:
            return found.secrets.get(found.value, self.default) if found else self.default
        try:
            return self.default if found is None else self.field.from_json(found.value)
        except (ValueError, TypeError):
            return self.default


@dataclass(frozen=True, slots=True)
class DeclaredFigure:
    """Hold a number that programs are told, of the records of a noun; one `over_time` is told with what it was before.

    Its parts, where it has some, are cut out `by` something that the plugin names.
    """

    id: str
    noun: str
    over_time: bool
    by: str
    handler: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class Counted:
    """Count something of a plugin's, shown at /metrics as `rapport_PLUGIN_NAME_total`."""

    name: str
    what: str
    counter: Counter

    def count(self, number: float = 1, **labels: str) -> None:
        """Add to the count, of these labels where it has some."""
        (self.counter.labels(**labels) if labels else self.counter).inc(number)


@dataclass(frozen=True, slots=True)
class DeclaredHook:
    """Hold what takes webhooks at `/api/v1/hooks/WORKSPACE/ADDRESS`; the arguments are those of `Plugin.hook`."""

    address: str
    signed: Callable[..., bool]
    once: str
    ping: Callable[..., bool]
    handler: Callable[..., Any]


@dataclass(frozen=True, slots=True)
class DeclaredRoute:
    """Hold what answers programs at `/api/v1/plugins/ADDRESS`: keys for this noun that act in this role."""

    method: str
    address: str
    noun: str
    role: Role
    handler: Callable[..., Any]
