"""Say how a workspace calls what messages are about: the starter's categories, renamed, merged and added to."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

from sqlalchemy.orm import Session

from bot.grammar import did_you_mean
from bot.i18n import _
from ml.starter import CATEGORIES, CHATTER
from storage.errors import NotFound
from storage.names import name_key
from storage.support import categories, labels
from storage.support.categories import Category

Own = Mapping[str, Category]
"""What a workspace says of its categories, by key: looked up once for all that is drawn of them."""


def own(session: Session) -> Own:
    """Return what the session's workspace says of its categories."""
    return {category.key: category for category in categories.all_of(session)}


def begin(session: Session) -> None:
    """Let the session's workspace have the categories that come with the product, as rows of its own."""
    categories.begin(session, CATEGORIES)


def names(session: Session) -> dict[str, str]:
    """Return key and name of every category people can choose, the starter's first, none merged or archived."""
    return offered(own(session))


def offered(own: Own) -> dict[str, str]:
    """Return what `names` does, without a look of its own."""
    return {key: name for key, name in _unmerged(own).items() if key not in own or own[key].archived_at is None}


def taken(session: Session) -> dict[str, str]:
    """Return key and name of all that no category may be called: all there are, and what asks for nothing."""
    return _unmerged(own(session)) | {CHATTER: _("Not a request")}


def _unmerged(own: Own) -> dict[str, str]:
    found = {key: called(own, key) for key in (*CATEGORIES, *own)}
    return {key: name for key, name in found.items() if key not in own or own[key].merged_into is None}


def name(session: Session, key: str) -> str:
    """Return a category as people read it; one that was merged is called as the one it went into."""
    return called(own(session), key)


def namer(session: Session) -> Callable[[str], str]:
    """Return what does as `name` for many categories with one look."""
    return partial(called, own(session))


def called(own: Own, key: str) -> str:
    """Return what `name` does, without a look of its own."""
    merged = {key: row.merged_into for key, row in own.items() if row.merged_into is not None}
    kept = labels.resolve(merged, key)
    if kept in own and own[kept].name != own[kept].shipped_name:
        return own[kept].name
    if kept == CHATTER:
        return _("Not a request")
    return _(CATEGORIES.get(kept, kept.capitalize()))


def find(session: Session, typed: str, *, field: str = "category") -> str:
    """Return the key of the category a person means, by key, name, reference or its beginning.

    Raises NotFound with the nearest.
    """
    known = own(session)
    return _meant(typed, known, offered(known), field)


def _meant(typed: str, own: Own, offered: Mapping[str, str], field: str) -> str:
    word = name_key(typed)
    numbered = {name_key(row.reference): key for key, row in own.items()}
    for key, called in offered.items():
        if word in {key, name_key(called)} or numbered.get(word) == key:
            return key
    beginning = [key for key, called in offered.items() if word and name_key(called).startswith(word)]
    if len(beginning) == 1:
        return beginning[0]
    near = did_you_mean(typed, [*offered.values(), *offered])
    raise NotFound(
        "There is no category {word}.",
        field=field,
        hint="Did you mean {near}?" if near else "They are: {all}.",
        typed=typed,
        word=typed,
        near=offered.get(near, near) if near else "",
        all=", ".join(offered.values()),
    )


def stored_as(session: Session, typed: str) -> list[str]:
    """Return all keys under which what people call a category is stored: its own, and those merged into it.

    Those that are archived are found too, as tickets still have them.
    """
    known = own(session)
    meant = _meant(typed, known, _unmerged(known), "category")
    merged = categories.merges(session)
    return [meant, *(key for key in merged if labels.resolve(merged, key) == meant)]
