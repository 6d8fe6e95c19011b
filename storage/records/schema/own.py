"""Keep the records of the nouns that workspaces make for themselves, all in one table.

Their numbers come from one counter of the workspace, so that a number is one record whatever its noun is.
"""

from __future__ import annotations

import threading
from typing import Any, ClassVar, Self

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column

from storage.database.engine import TENANT, Base, composite_key
from storage.records.named import Key, Named
from storage.references import in_force


class OwnRecord(Named, Base):
    """Describe a record of a noun of the workspace's own; each noun is a class of its own, made by `model_of`."""

    __tablename__ = "own_record"
    __table_args__ = (
        composite_key("merged_into_id", "own_record", ondelete="SET NULL"),
        composite_key("owner_id", "member", ondelete="SET NULL"),
        Index(None, "workspace_id", "noun", "name_key", "id"),
        Index(None, "workspace_id", "noun", "owner_id", "name_key", "id"),
        Index(None, "workspace_id", "noun", "created_at", "id"),
        Index(None, "workspace_id", "noun", "updated_at", "id"),
        {"info": TENANT},
    )
    __letter__: ClassVar[str] = ""
    __owner__ = "owner_id"

    noun: Mapped[Key] = mapped_column(info={"internal": True})
    letter: Mapped[Key] = mapped_column(info={"internal": True})
    owner_id: Mapped[str | None]

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {
            "version_id_col": cls.version,
            "eager_defaults": True,
            "polymorphic_on": "noun",
            "polymorphic_abstract": True,
        }

    @property
    def reference(self) -> str:
        """Return the reference people use, such as `K-88`."""
        return f"{self.letter}-{self.id}"

    @classmethod
    def unsaved(cls, session: Session, **values: Any) -> Self:
        """Add a record that has its number, with the letter that its workspace gave to the noun."""
        return super().unsaved(session, **values, letter=in_force(session)[cls.__noun__])

    @classmethod
    def counter(cls) -> str:
        """Return the counter of all nouns of workspaces' own."""
        return cls.__tablename__


_models: dict[str, type[OwnRecord]] = {}
_lock = threading.Lock()


def model_of(noun: str) -> type[OwnRecord]:
    """Return the class of the records of a noun that workspaces call so; there is one for all of them."""
    with _lock:
        if noun not in _models:
            identity = {"__mapper_args__": {"polymorphic_identity": noun}}
            made: type[OwnRecord] = type(f"Own_{noun}", (OwnRecord,), identity)
            # After it is made, as it is no noun of every workspace.
            made.__noun__ = noun
            _models[noun] = made
        return _models[noun]
