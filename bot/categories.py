"""Say how a workspace calls what messages are about: the starter's categories, renamed, merged and added to."""

from __future__ import annotations

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
    own = categories.all_of(session)
    kept = categories.resolve({row.key: row.merged_into for row in own if row.merged_into is not None}, key)
    for row in own:
        if row.key == kept:
            return row.name
    if kept == CHATTER:
        return _("Not a request")
    return _(CATEGORIES.get(kept, kept.capitalize()))
