"""Keep how a workspace names, merges and adds categories of messages, with examples of its own."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, UniqueConstraint, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column, object_session

from storage.database.engine import TENANT, Base, current_workspace
from storage.errors import Conflict, Duplicate, Invalid
from storage.names import check_name, check_note, name_key
from storage.records.declaration import Declaration, Values
from storage.records.fields import LongTextField, TextField
from storage.records.history import Recorded, current_actor
from storage.records.named import Key, NamedSetting, moment, setting_args
from storage.records.search import find_key
from storage.support import routes
from storage.support.labels import resolve
from storage.support.messages import CHATTER
from storage.support.tickets.model import Ticket
from storage.workspace.members import Role

NAME_LIMIT = 40
"""As much as fits a menu beside others."""
FEWEST_EXAMPLES = 3
INTERNAL = {"internal": True}


class Category(NamedSetting, Base):
    """Hold a category: one that the workspace added, or one that comes with the product, as the workspace has it.

    Messages and tickets know it by its `key`. `merged_into` is the key of the one it is part of; the database keeps
    the number of that in step. `shipped_name` is what the product calls it.
    """

    __noun__ = "category"
    __audit__ = "categories"
    __letter__ = "CA"
    __tablename__ = "category"
    __table_args__ = (
        *setting_args("category"),
        UniqueConstraint("workspace_id", "key"),
        CheckConstraint("merged_into <> key", name="merged_into"),
        {"info": TENANT},
    )

    # The release before adds categories without it.
    name_key: Mapped[Key] = mapped_column(server_default="")
    key: Mapped[Key] = mapped_column(info=INTERNAL)
    merged_into: Mapped[Key | None]
    shipped_name: Mapped[str | None] = mapped_column(info=INTERNAL)

    @property
    def is_shipped(self) -> bool:
        """Tell whether it is still as it comes with the product."""
        return self.name == self.shipped_name and self.merged_into is None and self.archived_at is None

    @property
    def examples(self) -> str | None:
        """Return the examples that people wrote for it, one in each line, None for none."""
        session = object_session(self)
        assert session is not None
        return "\n".join(" ".join(one.text.split()) for one in examples_of(session, self.key)) or None

    def check_archive(self) -> None:
        """Raise Conflict for a category that open tickets or routes have, and for the last one."""
        session = object_session(self)
        assert session is not None
        ours = [self.key, *(key for key, into in merges(session).items() if into == self.key)]
        open_ = (Ticket.category.in_(ours), Ticket.resolved_at.is_(None), Ticket.merged_into_id.is_(None))
        ticket = session.scalars(select(Ticket).where(*open_).limit(1)).first()
        has = [ticket.reference] if ticket else []
        has += [one.history_name() for one in routes.list_routes(session) if one.category in ours]
        if has:
            raise Conflict(
                "{name} is in use: {other} has it.",
                name=self.name,
                other=has[0],
                hint="Give what has it another first, or merge the two.",
            )
        if not [one for one in _live(session) if one.id != self.id]:
            raise Conflict("{name} is the only category, so it stays.", name=self.name)


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


OWN = or_(
    Category.name.is_distinct_from(Category.shipped_name),
    Category.merged_into.is_not(None),
    Category.archived_at.is_not(None),
)
"""The condition that a category is not as it comes with the product."""
_ALL = select(Category).order_by(Category.created_at, Category.key)


def all_of(session: Session) -> list[Category]:
    """Return what the workspace says of its categories, also of merged ones, in the order in which it said so."""
    return list(session.scalars(_ALL))


def begin(session: Session, shipped: Mapping[str, str]) -> None:
    """Let a workspace have the categories that come with the product, given by key and name, where it has not yet.

    As nobody's change, so no undo takes them away.
    """
    there = set(session.scalars(select(Category.key)))
    missing = [
        {
            "workspace_id": current_workspace(session),
            "key": key,
            "name": name,
            "name_key": name_key(name),
            "find_key": find_key(name),
            "shipped_name": name,
        }
        for key, name in shipped.items()
        if key not in there
    ]
    if missing:
        session.execute(insert(Category).on_conflict_do_nothing(), missing)
        # The database knows now what those are part of that were merged into one of them before.
        unknown = (Category.merged_into.is_not(None), Category.merged_into_id.is_(None))
        settled = update(Category).where(*unknown).values(merged_into=Category.merged_into)
        session.execute(settled, execution_options={"synchronize_session": False})


def by_key(session: Session, key: str, *, for_update: bool = False) -> Category | None:
    """Return what the workspace says of a category, None where that is nothing."""
    statement = select(Category).where(Category.key == key)
    if for_update:
        statement = statement.with_for_update().execution_options(populate_existing=True)
    return session.scalars(statement).one_or_none()


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
    if key in taken or by_key(session, key) is not None:
        raise Duplicate("There was a category {name} before.", field="name", name=kept, hint="Choose another name.")
    row = Category.new(session, key=key, name=kept)
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
    row, kept = _row(session, key, taken[key]), _row(session, into, taken.get(into, into))
    row.merged_into, row.merged_into_id = into, kept.id
    session.flush()
    return row


def examples_of(session: Session, key: str | None = None) -> list[Example]:
    """Return the examples of a category, or of all, oldest first."""
    statement = select(Example).order_by(Example.id)
    return list(session.scalars(statement if key is None else statement.where(Example.category == key)))


def _row(session: Session, key: str, name: str) -> Category:
    return by_key(session, key, for_update=True) or Category.new(session, key=key, name=name)


def _live(session: Session) -> list[Category]:
    return [one for one in all_of(session) if one.merged_into is None and one.archived_at is None]


def _taken(session: Session) -> dict[str, str]:
    """Return key and name of all that no other category may be called, also of those that are archived."""
    return {one.key: one.name for one in all_of(session) if one.merged_into is None} | {CHATTER: "Not a request"}


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


def _added(session: Session, *, name: str, examples: str | None = None) -> Category:
    return add(session, name, (examples or "").splitlines(), taken=_taken(session))


def _merged(session: Session, gone: Category, kept: Category) -> Category:
    """Merge a category into another, with its routes, as records are merged."""
    merge(session, gone.key, kept.key, taken=_taken(session))
    routes.follow(session, gone.key, kept.key)
    return kept


def _rewrite(session: Session, category: Category, examples: str | None) -> Sequence[NamedSetting]:
    """Let a category have these examples, one in each line, and no others."""
    texts = check_examples((examples or "").splitlines())
    wanted = {name_key(text) for text in texts}
    for example in examples_of(session, category.key):
        if name_key(example.text) not in wanted:
            session.delete(example)
    # Another version, so that a form that was opened before knows of it.
    category.updated_at = moment()
    session.flush()
    add_examples(session, category.key, texts)
    return ()


def _refuse(session: Session, category: Category | None, values: Values) -> None:
    """Raise Invalid or Duplicate for a name that a category cannot have."""
    if "name" in values:
        own = category.key if category else None
        _check_new_name(values["name"], {key: name for key, name in _taken(session).items() if key != own})


CATEGORY = Declaration(
    model=Category,
    label="Category",
    plural="Categories",
    change=Role.MANAGER,
    fields=(
        TextField(key="name", label="Name", by="name_key", required=True, most=NAME_LIMIT, example="Wholesale"),
        LongTextField(
            key="examples",
            label="Examples",
            example="Do you sell to resellers?",
            hint="Messages as customers write them, one in each line.",
            change=_rewrite,
        ),
    ),
    twins=lambda _session, _values: (),
    refuse=_refuse,
    add=_added,
    merge=_merged,
    # Examples are added to in a form of their own, which keeps what others write meanwhile.
    layout={"form": ()},
)
"""What messages are about; `ready` is for who knows what comes with the product."""
