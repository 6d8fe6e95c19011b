"""Keep how a workspace names, merges and adds categories of messages, with examples of its own."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, func, select
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace
from storage.errors import Conflict, Duplicate, Invalid
from storage.names import check_name, check_note, name_key
from storage.records.history import Recorded, current_actor
from storage.records.named import Key

NAME_LIMIT = 40
"""As much as fits a menu beside others."""
FEWEST_EXAMPLES = 3


class Category(Recorded, Base):
    """Hold a category the workspace added, or how it names or merged one that comes with the product."""

    __noun__ = "category"
    __audit__ = "categories"
    __tablename__ = "category"
    __table_args__ = (CheckConstraint("merged_into <> key", name="merged_into"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[Key] = mapped_column(primary_key=True)
    name: Mapped[str]
    merged_into: Mapped[Key | None]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}


class Example(Recorded, Base):
    """Hold a message that somebody wrote down as an example of a category."""

    __noun__ = "example"
    __audit__ = "categories"
    __tablename__ = "example"
    __table_args__ = (Index(None, "workspace_id", "category", "id"), {"info": TENANT})

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    category: Mapped[Key]
    text: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]

    __mapper_args__ = {"eager_defaults": True}


_ALL = select(Category).order_by(Category.created_at, Category.key)


def all_of(session: Session) -> list[Category]:
    """Return what the workspace says of its categories, also of merged ones, in the order in which it said so."""
    return list(session.scalars(_ALL))


def resolve(merged: dict[str, str], key: str) -> str:
    """Return the category that one was merged into, at the end of the chain; itself if it was not merged."""
    seen = {key}
    while (into := merged.get(key)) is not None and into not in seen:
        seen.add(into)
        key = into
    return key


def merges(session: Session) -> dict[str, str]:
    """Return which category was merged into which."""
    statement = select(Category.key, Category.merged_into).where(Category.merged_into.is_not(None))
    return {key: into for key, into in session.execute(statement) if into is not None}


def add(session: Session, name: str, examples: Sequence[str], *, taken: dict[str, str]) -> Category:
    """Add a category with at least three examples; `taken` are key and name of those there are.

    Raises Invalid for a name or an example that cannot be stored and for too few examples, Duplicate if the name is
    taken.
    """
    kept = _check_new_name(name, taken)
    texts = check_examples(examples)
    if len(texts) < FEWEST_EXAMPLES:
        raise Invalid(
            "A category needs at least {fewest} examples; there are {count}.",
            field="examples",
            fewest=FEWEST_EXAMPLES,
            count=len(texts),
            hint="Write one message per line, as customers write them.",
        )
    key = name_key(kept)
    row = session.get(Category, (current_workspace(session), key))
    if row is not None or key in taken:
        raise Duplicate("There was a category {name} before.", field="name", name=kept, hint="Choose another name.")
    row = Category(
        workspace_id=current_workspace(session), key=key, name=kept, merged_into=None, created_by=current_actor(session)
    )
    session.add(row)
    session.flush()
    add_examples(session, key, texts)
    return row


def add_examples(session: Session, key: str, examples: Sequence[str]) -> list[Example]:
    """Write examples of a category down; what is there already is left out. Raises Invalid like `check_examples`."""
    known = {name_key(example.text) for example in examples_of(session, key)}
    rows = [
        Example(workspace_id=current_workspace(session), category=key, text=text, created_by=current_actor(session))
        for text in check_examples(examples)
        if name_key(text) not in known
    ]
    session.add_all(rows)
    session.flush()
    return rows


def check_examples(examples: Sequence[str]) -> list[str]:
    """Return examples without those that are empty or repeated; raise Invalid for one that cannot be stored."""
    kept: dict[str, str] = {}
    for text in examples:
        if name_key(text):
            kept.setdefault(name_key(text), check_note(text, field="examples"))
    return list(kept.values())


def rename(session: Session, key: str, name: str, *, taken: dict[str, str]) -> Category:
    """Call a category otherwise; raise Invalid or Duplicate for a name it cannot have."""
    others = {other: called for other, called in taken.items() if other != key}
    row = _row(session, key, taken[key])
    row.name = _check_new_name(name, others)
    session.flush()
    return row


def merge(session: Session, key: str, into: str, *, taken: dict[str, str]) -> Category:
    """Have everything of a category be of another from now on; raise Conflict for one and the same."""
    if resolve(merges(session), into) == key:
        raise Conflict("{name} cannot be merged into itself.", name=taken[key], field="into")
    row = _row(session, key, taken[key])
    row.merged_into = into
    session.flush()
    return row


def examples_of(session: Session, key: str | None = None) -> list[Example]:
    """Return the examples of a category, or of all, oldest first."""
    statement = select(Example).order_by(Example.id)
    return list(session.scalars(statement if key is None else statement.where(Example.category == key)))


def _row(session: Session, key: str, name: str) -> Category:
    row = session.get(Category, (current_workspace(session), key), with_for_update=True, populate_existing=True)
    if row is None:
        row = Category(workspace_id=current_workspace(session), key=key, name=name, created_by=current_actor(session))
        session.add(row)
        session.flush()
    return row


def _check_new_name(name: str, taken: dict[str, str]) -> str:
    kept = check_name(name)
    if len(kept) > NAME_LIMIT:
        raise Invalid(
            "A category's name may have up to {limit} characters; this one has {length}.",
            field="name",
            typed=name,
            limit=NAME_LIMIT,
            length=len(kept),
        )
    if any(name_key(kept) in {name_key(called), key} for key, called in taken.items()):
        raise Duplicate("There is already a category {name}.", field="name", typed=name, name=kept)
    return kept
