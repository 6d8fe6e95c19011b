"""Say how a workspace calls what messages are about: the starter's categories, renamed, merged and added to."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy.orm import Session

from bot.plugin import _
from ml.starter import CATEGORIES, CHATTER
from storage import categories


def names(session: Session) -> dict[str, str]:
    """Return key and name of every category people can choose, the starter's first; merged ones are left out."""
    own = {category.key: category for category in categories.all_of(session)}
    offered = {key: own[key].name if key in own else _(title) for key, title in CATEGORIES.items()}
    offered |= {key: category.name for key, category in own.items()}
    return {key: name for key, name in offered.items() if key not in own or own[key].merged_into is None}


def name(session: Session, key: str) -> str:
    """Return a category as people read it; one that was merged is called as the one it went into."""
    return namer(session)(key)


def namer(session: Session) -> Callable[[str], str]:
    """Return what does as `name` for many categories with one look."""
    own = {row.key: row for row in categories.all_of(session)}
    merged = {key: row.merged_into for key, row in own.items() if row.merged_into is not None}

    def called(key: str) -> str:
        kept = categories.resolve(merged, key)
        if kept in own:
            return own[kept].name
        if kept == CHATTER:
            return _("Not a request")
        return _(CATEGORIES.get(kept, kept.capitalize()))

    return called
