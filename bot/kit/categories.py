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
from storage.support import categories
from storage.support.categories import Category

Own = Mapping[str, Category]
"""What a workspace says of its categories, by key: looked up once for all that is drawn of them."""


def own(session: Session) -> Own:
    """Return what the session's workspace says of its categories."""
    return {category.key: category for category in categories.all_of(session)}


def names(session: Session) -> dict[str, str]:
    """Return key and name of every category people can choose, the starter's first; merged ones are left out."""
    return offered(own(session))


def offered(own: Own) -> dict[str, str]:
    """Return what `names` does, without a look of its own."""
    found = {key: own[key].name if key in own else _(title) for key, title in CATEGORIES.items()}
    found |= {key: category.name for key, category in own.items()}
    return {key: name for key, name in found.items() if key not in own or own[key].merged_into is None}


def taken(session: Session) -> dict[str, str]:
    """Return key and name of all that no category may be called: those people can choose, and what asks for nothing."""
    return names(session) | {CHATTER: _("Not a request")}


def name(session: Session, key: str) -> str:
    """Return a category as people read it; one that was merged is called as the one it went into."""
    return called(own(session), key)


def namer(session: Session) -> Callable[[str], str]:
    """Return what does as `name` for many categories with one look."""
    return partial(called, own(session))


def called(own: Own, key: str) -> str:
    """Return what `name` does, without a look of its own."""
    merged = {key: row.merged_into for key, row in own.items() if row.merged_into is not None}
    kept = categories.resolve(merged, key)
    if kept in own:
        return own[kept].name
    if kept == CHATTER:
        return _("Not a request")
    return _(CATEGORIES.get(kept, kept.capitalize()))


def find(session: Session, typed: str, *, field: str = "category") -> str:
    """Return the key of the category a person means, by key, name or its beginning; raise NotFound with the nearest."""
    offered = names(session)
    word = name_key(typed)
    for key, called in offered.items():
        if word in {key, name_key(called)}:
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
    """Return all keys under which what a person calls a category is stored: its own, and those merged into it."""
    meant = find(session, typed)
    merged = categories.merges(session)
    return [meant, *(key for key in merged if categories.resolve(merged, key) == meant)]
