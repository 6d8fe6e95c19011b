"""Keep the keys by which programs use a workspace: what each may do, as whom, and until when.

A key is a secret of 256 random bits, told once; only its SHA-256 is stored, which is enough as nobody can guess it.
Rows are never removed, so that the history can always say whose change it was.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Collection
from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Identity, Index, and_, bindparam, func, select, text, update
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import QUEUE, Base, composite_key, current_workspace
from storage.database.recorded import Recorded
from storage.errors import Conflict, Invalid, NotFound, Refused
from storage.names import check_name, name_key, short
from storage.workspace.members import Member, Role
from storage.workspace.workspaces import Workspace

PREFIX = "rapport_key_"
"""How every key begins, so that who finds one knows what it is."""
ACTOR = "key:"
"""How the history's id of a key begins; Slack's ids of people have no colon."""
ANY = "*"
SEEN_EVERY = text("interval '1 minute'")

_SECRET = re.compile(re.escape(PREFIX) + r"[A-Za-z0-9_-]{43}")
_HINT = 4


class Verb(StrEnum):
    """Name what a key may be allowed to do with the records of a noun."""

    READ = "read"
    ADD = "add"
    CHANGE = "change"
    ARCHIVE = "archive"
    MERGE = "merge"
    NOTE = "note"
    """Write notes and follow-ups about them."""


class ApiKey(Recorded, Base):
    """Describe a key; it acts as a member, with what they may do at that time, or with one role.

    `scopes` are nouns and verbs with a colon between, either of them `*` for all; `hint` is how the secret ends.
    """

    __noun__ = "api_key"
    __audit__ = "keys"
    __tablename__ = "api_key"
    __table_args__ = (
        composite_key("member_id", "member", ondelete="CASCADE"),
        CheckConstraint("num_nonnulls(member_id, role) = 1", name="acts"),
        CheckConstraint(f"role IN ({', '.join(repr(str(role)) for role in Role)})", name="role"),
        Index("api_key_hash_idx", "hash"),
        Index(
            "api_key_name_key_idx",
            "workspace_id",
            "name_key",
            unique=True,
            postgresql_where=text("revoked_at IS NULL"),
        ),
        {"info": QUEUE},
    )

    workspace_id: Mapped[str] = mapped_column(ForeignKey(Workspace.id, ondelete="CASCADE"), primary_key=True)
    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    name: Mapped[str]
    name_key: Mapped[str]
    hash: Mapped[str] = mapped_column(info={"unrecorded": True})
    hint: Mapped[str]
    member_id: Mapped[str | None]
    role: Mapped[str | None]
    scopes: Mapped[list[str]]
    created_at: Mapped[datetime] = mapped_column(server_default=func.now())
    created_by: Mapped[str | None]
    expires_at: Mapped[datetime]
    last_used_at: Mapped[datetime | None] = mapped_column(info={"unrecorded": True})
    revoked_at: Mapped[datetime | None]

    __mapper_args__ = {"eager_defaults": True}

    def undoing(self, session: Session, action: str) -> None:
        """Refuse to forget a key, as the history names it, and to make one good again; raise Conflict."""
        if action == "created":
            raise Conflict(
                "The key {name} was shown, so its making cannot be undone.",
                name=self.name,
                hint="Stop it for good: `/crm api-key revoke {name}`.",
            )
        raise Conflict(
            "The key {name} stays revoked: who had it may have it still.", name=self.name, hint="Make a new one."
        )

    @property
    def actor_id(self) -> str:
        """Return the id under which the history keeps what the key changes."""
        return f"{ACTOR}{self.id}"

    def is_good(self, now: datetime) -> bool:
        """Tell whether the key opens anything at a moment."""
        return self.revoked_at is None and now < self.expires_at

    def allows(self, noun: str, verb: Verb) -> bool:
        """Tell whether the key may do this with the records of a noun."""
        return any(f"{one}:{what}" in self.scopes for one in (noun, ANY) for what in (verb, ANY))

    def acts_in(self, role: Role, member: Member | None) -> bool:
        """Tell whether the key may act in a role; `member` is the one it acts as, with the roles they have now."""
        if self.role is not None:
            return role in Role(self.role).implied
        return member is not None and member.id == self.member_id and member.has(role)


def roles(key: ApiKey, member: Member | None) -> frozenset[Role]:
    """Return every role that a key may act in; `member` is the one it acts as, with the roles they have now."""
    return frozenset(role for role in Role if key.acts_in(role, member))


_ACTING = (
    select(ApiKey, Workspace, Member)
    .join(Workspace, Workspace.id == ApiKey.workspace_id)
    .outerjoin(Member, and_(Member.workspace_id == ApiKey.workspace_id, Member.id == ApiKey.member_id))
    .where(ApiKey.workspace_id == bindparam("workspace"), ApiKey.id == bindparam("key"))
)


def make(
    session: Session,
    *,
    name: str,
    scopes: Collection[str],
    expires_at: datetime,
    member: Member | None = None,
    role: Role | None = None,
    created_by: str | None = None,
) -> tuple[ApiKey, str]:
    """Make a key and return it with its secret, which cannot be had again.

    It acts as the member or with the role; raises Invalid or Refused, naming the field, for what cannot be.
    """
    kept = check_name(name)
    if (member is None) == (role is None):
        raise Invalid("A key acts as a person or with a role.", field="role")
    if member is not None and not member.is_ours:
        raise Refused("{name} is not on your team, so no key can act as them.", field="as", name=member.name)
    if _good_called(session, kept) is not None:
        raise Conflict("There is a key called {name} already.", field="name", name=kept, typed=name)
    secret = PREFIX + secrets.token_urlsafe(32)
    key = ApiKey(
        workspace_id=current_workspace(session),
        name=kept,
        name_key=name_key(kept),
        hash=hashed(secret),
        hint=secret[-_HINT:],
        member_id=member.id if member else None,
        role=role.value if role else None,
        scopes=sorted(set(scopes)),
        created_by=created_by,
        expires_at=expires_at,
    )
    session.add(key)
    session.flush()
    return key, secret


def check_scopes(typed: str, nouns: Collection[str]) -> list[str]:
    """Return scopes from text such as `read,deal:change`, where a verb alone is for every noun; raise Invalid.

    `everything` is all verbs of all nouns.
    """
    found: list[str] = []
    for word in re.split(r"[\s,;，；、]+", typed.strip().casefold()):
        if not word:
            continue
        noun, _, verb = word.rpartition(":")
        noun = noun or ANY
        if word == "everything":
            noun = verb = ANY
        if verb not in {ANY, *Verb} or noun not in {ANY, *nouns}:
            raise Invalid(
                "{word} is nothing that a key may do.",
                field="can",
                hint="Write for example read,customer:add. There are {verbs}, of {nouns}.",
                typed=typed,
                word=short(word, 60),
                verbs=", ".join(Verb),
                nouns=", ".join(nouns),
            )
        found.append(f"{noun}:{verb}")
    if not found:
        raise Invalid("A key has to be allowed something.", field="can", typed=typed)
    return sorted(set(found))


def listed(session: Session) -> list[ApiKey]:
    """Return the workspace's keys that are not revoked, by name."""
    mine = (ApiKey.workspace_id == current_workspace(session), ApiKey.revoked_at.is_(None))
    return list(session.scalars(select(ApiKey).where(*mine).order_by(ApiKey.name_key)))


def called(session: Session, typed: str) -> ApiKey:
    """Return the key of this name that is not revoked; raise NotFound naming all there are."""
    if (found := _good_called(session, typed)) is not None:
        return found
    raise NotFound(
        "There is no key called {name}.",
        hint="There are {names}.",
        typed=typed,
        name=short(typed, 80),
        names=", ".join(key.name for key in listed(session)) or "none",
    )


def ever_called(session: Session, typed: str) -> ApiKey:
    """Return the newest key of this name, good or not; raise NotFound naming those that are good."""
    mine = (ApiKey.workspace_id == current_workspace(session), ApiKey.name_key == name_key(typed))
    found = session.scalars(select(ApiKey).where(*mine).order_by(ApiKey.id.desc()).limit(1)).first()
    return found or called(session, typed)


def revoke(session: Session, key: ApiKey, now: datetime) -> None:
    """Let a key open nothing from now on."""
    key.revoked_at = now
    session.flush()


def get(session: Session, key_id: int) -> ApiKey | None:
    """Return a key of the session's workspace by its number, None if there is none."""
    return session.get(ApiKey, (current_workspace(session), key_id))


def acting(session: Session, key_id: int) -> tuple[ApiKey, Workspace, Member | None] | None:
    """Return a key of the session's workspace with that, and the member as whom it acts, if any; None for no key."""
    found = session.execute(_ACTING, {"workspace": current_workspace(session), "key": key_id}).first()
    return None if found is None else (found[0], found[1], found[2])


def standing(workspace_id: str, key_id: int) -> str:
    """Return the expression of SQL that tells whether what `acting` returns is another than it was.

    It names who wrote the newest version of each row, so it changes with any change of them.
    """
    quoted = workspace_id.replace("'", "''")
    return (
        "(SELECT concat_ws(' ', api_key.xmin, workspace.xmin, member.xmin) FROM api_key"  # noqa: S608 - quoted above
        " JOIN workspace ON workspace.id = api_key.workspace_id LEFT JOIN member"
        " ON member.workspace_id = api_key.workspace_id AND member.id = api_key.member_id"
        f" WHERE api_key.workspace_id = '{quoted}' AND api_key.id = {key_id:d})"
    )


def find(session: Session, secret: str) -> tuple[str, int] | None:
    """Return workspace and number of the key with this secret, good or not; None if there is none.

    The session sees every workspace. Which key a secret is never changes, so the answer may be remembered.
    """
    if _SECRET.fullmatch(secret) is None:
        return None
    found = session.execute(select(ApiKey.workspace_id, ApiKey.id).where(ApiKey.hash == hashed(secret))).first()
    return None if found is None else (found.workspace_id, found.id)


def used(session: Session, key: ApiKey) -> None:
    """Note that a key was used just now, at most once a minute, and waiting for nobody."""
    mine = (ApiKey.workspace_id == key.workspace_id, ApiKey.id == key.id)
    stale = ApiKey.last_used_at.is_(None) | (ApiKey.last_used_at < func.now() - SEEN_EVERY)
    free = select(ApiKey.id).where(*mine, stale).with_for_update(skip_locked=True, key_share=True)
    session.execute(
        update(ApiKey)
        .where(ApiKey.workspace_id == key.workspace_id, ApiKey.id.in_(free.scalar_subquery()))
        .values(last_used_at=func.now())
        .execution_options(synchronize_session=False)
    )


def hashed(secret: str) -> str:
    """Return what is stored of a secret."""
    return hashlib.sha256(secret.encode()).hexdigest()


def is_key(actor_id: str) -> bool:
    """Tell whether the history's id of who did something is that of a key, and not of a person."""
    return actor_id.startswith(ACTOR)


def name_of(session: Session, actor_id: str) -> str | None:
    """Return the name of the key that the history knows by this id, None if it is none of this workspace."""
    number = actor_id.removeprefix(ACTOR)
    if not is_key(actor_id) or not number.isdecimal() or len(number) > 18:
        return None
    key = get(session, int(number))
    return None if key is None else key.name


def _good_called(session: Session, typed: str) -> ApiKey | None:
    mine = (ApiKey.workspace_id == current_workspace(session), ApiKey.revoked_at.is_(None))
    return session.scalars(select(ApiKey).where(*mine, ApiKey.name_key == name_key(typed))).one_or_none()
