"""Give every noun that people name the same columns, and find one from what a person typed.

Under row-level security an index serves only leakproof comparisons, so everything here compares key columns for
equality or range; near names come from `storage.records.search`, which runs as a role of its own.
"""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Annotated, Any, ClassVar, Self, TypeVar

from sqlalchemy import (
    CheckConstraint,
    ColumnElement,
    FetchedValue,
    ForeignKey,
    ForeignKeyConstraint,
    Index,
    Text,
    bindparam,
    event,
    func,
    or_,
    select,
    text,
    tuple_,
)
from sqlalchemy.orm import Mapped, Session, declared_attr, mapped_column, object_session

from storage.database.engine import composite_key, current_workspace
from storage.errors import Ambiguous, Conflict, Invalid, NotFound
from storage.money import BIGINT
from storage.names import name_key
from storage.records.counters import next_id
from storage.records.history import Recorded, changed_only_by, current_actor, last_actor
from storage.records.referring import referring
from storage.records.rows import KEPT, RecordRow
from storage.records.search import Hit, How, find, find_key, whole_name
from storage.references import DECLARED, in_force, parse_number, parse_reference, reference

PAGE = 20
NEAR_NAMES = 3
CANDIDATES = 5
OWN_CHANGES = 50
"""So many changes of one's own may come between a card and its button."""


# Compared byte by byte, so that a range of it is what begins alike, in whatever locale the cluster was made.
Key = Annotated[str, mapped_column(Text(collation="C"))]


class Record(Recorded):
    """Carry the key, the version and the times that all named records have; not a table itself."""

    __noun__: ClassVar[str]
    __letter__: ClassVar[str]
    __setting__: ClassVar[bool] = False

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    version: Mapped[int]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    updated_at: Mapped[datetime] = mapped_column(server_default=func.now(), onupdate=func.now())
    created_by: Mapped[str | None]

    def __init_subclass__(cls, **given: Any) -> None:
        """Give the noun the letter of its references."""
        super().__init_subclass__(**given)
        if "__noun__" in vars(cls):
            DECLARED.give(cls.__noun__, cls.__letter__)

    @declared_attr.directive
    def __mapper_args__(cls) -> dict[str, Any]:
        return {"version_id_col": cls.version, "eager_defaults": True}

    @property
    def reference(self) -> str:
        """Return the reference people use, such as `D-88`."""
        return reference(self.__noun__, self.id)

    @classmethod
    def new(cls, session: Session, **values: Any) -> Self:
        """Add a record with the next number and flush it, so that what the database decides is known."""
        made = cls.unsaved(session, **values, **cls.numbered(session))
        session.flush()
        return made

    @classmethod
    def numbered(cls, session: Session) -> dict[str, int]:
        """Return the next number of the noun, as what a new record begins with."""
        return {"id": next_id(session, cls.counter())}

    @classmethod
    def unsaved(cls, session: Session, **values: Any) -> Self:
        """Add a record that has its number, with whoever acts as who added it; many are flushed together."""
        actor = {"created_by": current_actor(session)}
        made = cls(**{"workspace_id": current_workspace(session)}, **values, **actor)
        session.add(made)
        return made

    @classmethod
    def counter(cls) -> str:
        """Return the counter from which the noun's numbers come."""
        return cls.__noun__


class Named(Record):
    """Carry a name, the keys it is found by, and where the record went when it was merged."""

    name: Mapped[str]
    name_key: Mapped[Key]
    find_key: Mapped[str]
    merged_into_id: Mapped[int | None]
    archived_at: Mapped[datetime | None]
    custom: Mapped[dict[str, Any]] = mapped_column(server_default=text("'{}'"), default=dict)
    """The values of the workspace's own fields by their numbers, as JSON."""

    def __init_subclass__(cls, **given: Any) -> None:
        """Have the noun's records searched."""
        super().__init_subclass__(**given)
        if "__noun__" in vars(cls):
            KEPT.setdefault(cls.__noun__, cls)

    def found_by(self) -> Sequence[str | None]:
        """Return the texts a search looks at; the name comes first."""
        return (self.name,)

    def check_archive(self) -> None:
        """Raise Conflict where the record may not be archived yet."""

    def check_merge(self, kept: Any) -> None:
        """Raise Conflict where the record may not become part of this one."""

    def derive_keys(self) -> None:
        """Set the keys the record is found by from what people typed."""
        self.name_key = name_key(self.name)
        self.find_key = find_key(*self.found_by())


class NamedSetting(Named):
    """Carry what a setting that has a name has, such as a stage: it is a noun whose records set up the workspace.

    Its references begin with two letters, so that they take none from what people work with. A search and what people
    write about records pass settings by, unless they are asked for. Its numbers come from the database, which counts
    them in each workspace, so that statements for many at once need none.
    """

    __setting__ = True
    __audit__ = "settings"

    # Again, as it is the first column of the key.
    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(primary_key=True, server_default=FetchedValue())
    # Under a name of its own, as statements of the release before join deals, which have one, with stages.
    merged_into_id: Mapped[int | None] = mapped_column("part_of_id")
    # What the release before adds has neither.
    version: Mapped[int] = mapped_column(server_default=text("1"))
    find_key: Mapped[str] = mapped_column(server_default="")

    @classmethod
    def numbered(cls, session: Session) -> dict[str, int]:
        """Return nothing: the database numbers settings."""
        return {}

    def check_archive(self) -> None:
        """Raise Conflict for a setting that records have."""
        self.check_unused()

    def check_unused(self) -> None:
        """Raise Conflict for a setting that records have, naming one."""
        session = object_session(self)
        assert session is not None
        for found in referring(session, self):
            if getattr(found, "merged_into_id", None) == self.id:
                continue
            raise Conflict(
                "{name} is in use: {other} has it.",
                name=self.name,
                other=found.history_name(),
                hint="Give what has it another first, or merge the two.",
            )


@event.listens_for(Named, "before_insert", propagate=True)
@event.listens_for(Named, "before_update", propagate=True)
def _derive_keys(_mapper: Any, _connection: Any, record: Named) -> None:
    # Here and not where the name is set, so that an undo, which sets fields, gets the keys right too.
    record.derive_keys()


def named_args(table: str) -> tuple[ForeignKeyConstraint | Index, ...]:
    """Return the constraints and indexes that every table of named records has."""
    return (
        composite_key("merged_into_id", table, ondelete="SET NULL"),
        Index(None, "workspace_id", "name_key"),
        Index(None, "workspace_id", "created_at", "id"),
        Index(None, "workspace_id", "updated_at", "id"),
    )


def setting_args(table: str) -> tuple[ForeignKeyConstraint, ...]:
    """Return the constraints of a table of settings, which are too few to need more indexes than their key."""
    return (composite_key("part_of_id", table, ondelete="SET NULL"),)


def newest_first(name: str, *columns: str, where: str | None = None) -> Index:
    """Return an index whose last column is a moment: filters and lists take the newest first, rows without one last."""
    *first, at = columns
    ordered = (text(f"{at} DESC NULLS LAST"), text("id DESC"))
    return Index(name, "workspace_id", *first, *ordered, postgresql_where=None if where is None else text(where))


def one_of(column: str, values: Sequence[str]) -> CheckConstraint:
    """Return the check that a text column holds one of the values: enum operators are not leakproof."""
    listed = ", ".join(f"'{value}'" for value in values)
    return CheckConstraint(f"{column} IN ({listed})", name=column)


def moment() -> datetime:
    """Return the time now, in UTC."""
    return datetime.now(UTC)


R = TypeVar("R", bound=Record)
N = TypeVar("N", bound=Named)


def get(session: Session, model: type[R], record_id: int) -> R:
    """Return the record with this number, or the one it was merged into; raise NotFound if there is none."""
    seen: set[int] = set()
    wanted = record_id if 0 < record_id <= BIGINT else 0
    while (found := session.get(model, (current_workspace(session), wanted))) is not None:
        merged_into = getattr(found, "merged_into_id", None)
        if merged_into is None or merged_into in seen:
            return found
        seen.add(wanted)
        wanted = merged_into
    raise NotFound("There is no {reference}.", reference=reference(model.__noun__, record_id, in_force(session)))


def by_reference(session: Session, model: type[R], typed: str) -> R | None:
    """Return the record whose reference was typed, None if it is no reference; raise NotFound if it names nothing."""
    parsed = parse_reference(typed, in_force(session))
    if parsed is None:
        return None
    noun, record_id = parsed
    if noun != model.__noun__:
        raise NotFound(
            "{reference} is a {other}, not a {noun}.",
            reference=reference(noun, record_id, in_force(session)),
            other=noun,
            noun=model.__noun__,
        )
    return get(session, model, record_id)


def by_bare_number(session: Session, model: type[R], typed: str) -> list[R]:
    """Return the record whose number was typed without its letter or hyphen, nothing where there is none."""
    number = parse_number(typed, model.__noun__, in_force(session))
    try:
        return [get(session, model, number)] if number else []
    except NotFound:
        return []


def resolve(session: Session, model: type[N], typed: str, *, also: Sequence[ColumnElement[bool]] = ()) -> N:
    """Return the one record a person means: by reference, by name, or by words that no other has in its name.

    `also` are further exact matches, such as that of a domain. Raises Ambiguous with the candidates if several records
    answer, NotFound with up to three near names if none does.
    """
    by_number = by_reference(session, model, typed)
    if by_number is not None:
        return by_number
    key = name_key(typed)
    if not key:
        raise Invalid("Name the {noun} you mean.", noun=model.__noun__, typed=typed)
    found = _live(session, model, or_(model.name_key == key, *also)) or by_bare_number(session, model, typed)
    hits = [] if found else find(session, typed, nouns=[model.__noun__], limit=CANDIDATES)
    for how in (How.SAME, How.HAS):
        found = found or _of_hits(session, model, [hit for hit in hits if hit.how == how])
    if len(found) == 1:
        return found[0]
    if found:
        raise Ambiguous(
            "There is more than one {noun} called {name}.",
            candidates=found,
            hint="Use the reference of the one you mean.",
            noun=model.__noun__,
            name=typed,
        )
    raise NotFound(
        "There is no {noun} called {name}.",
        candidates=_of_hits(session, model, hits[:NEAR_NAMES]),
        noun=model.__noun__,
        name=typed,
    )


def near(session: Session, model: type[N], typed: str, limit: int, *, at_least: float = 0.0) -> list[N]:
    """Return the records of one noun that a search finds with this score or more, best first."""
    hits = find(session, typed, nouns=[model.__noun__], limit=limit)
    return _of_hits(session, model, [hit for hit in hits if hit.score >= at_least])


def namesakes(session: Session, model: type[N], name: str, *where: ColumnElement[bool]) -> list[N]:
    """Return up to five records of this name, however it is written, of which the further conditions hold."""
    own = select(RecordRow.id).where(RecordRow.noun == model.__noun__, RecordRow.find_key == whole_name(name))
    return _live(session, model, model.id.in_(own), *where)


def _of_hits(session: Session, model: type[N], hits: Sequence[Hit]) -> list[N]:
    if not hits:
        return []
    found = {record.id: record for record in session.scalars(select(model).where(model.id.in_(hit.id for hit in hits)))}
    return [found[hit.id] for hit in hits if hit.id in found]


def _live(session: Session, model: type[N], *where: ColumnElement[bool]) -> list[N]:
    lives = (model.merged_into_id.is_(None), model.archived_at.is_(None))
    statement = select(model).where(*where, *lives).order_by(model.name_key, model.id)
    return list(session.scalars(statement.limit(CANDIDATES)))


def follows(columns: Sequence[Any], last: Sequence[Any]) -> ColumnElement[bool]:
    """Return the condition that a row comes after the last one of a page; no column of the order is ever null."""
    return tuple_(*columns) > tuple_(
        *(bindparam(None, value, column.type) for column, value in zip(columns, last, strict=True))
    )


def is_current(session: Session, record: Record, version: int) -> bool:
    """Tell whether nobody but the person the session acts for has changed a record since that version of it.

    A version has one activity, or none where nothing changed that is recorded: where as many of the newest activities
    as there were versions since are all theirs, nobody else was in between.
    """
    since = record.version - version
    return since == 0 or (0 < since <= OWN_CHANGES and changed_only_by(session, record, current_actor(session), since))


def at_version(session: Session, record: R, version: int) -> R:
    """Return the record if nobody else has changed it since the person saw it; raise Conflict saying who did."""
    if is_current(session, record, version):
        return record
    raise Conflict(
        "{reference} was changed meanwhile by {who}.",
        reference=record.reference,
        who=last_actor(session, record.__noun__, record.id),
    )
