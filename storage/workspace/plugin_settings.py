"""Keep what a workspace's admins have chosen for the settings of plugins."""

from __future__ import annotations

import secrets
from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy import text as sql_text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace
from storage.database.recorded import Recorded

MASK = "•••"
"""What stands in the history for a secret, before a mark of its own where there is one."""
KEPT_SECRETS = 2
"""So many secrets of before are kept for an undo."""


class PluginSetting(Recorded, Base):
    """Hold the value of one setting, as JSON; `key` is the plugin's name, a dot, and the setting's.

    Of a secret the value is a mark that says nothing, under which `secrets` has it and those before: the history tells
    of the mark, and an undo that brings a mark back brings its secret.
    """

    __noun__ = "setting"
    __audit__ = "settings"
    __tablename__ = "plugin_setting"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)
    secrets: Mapped[dict[str, str]] = mapped_column(
        JSONB, server_default=sql_text("'{}'"), default=dict, info={"unrecorded": True}
    )

    def history_name(self) -> str:
        """Return what people call it."""
        return self.key.replace(".", " ")


def get(session: Session, key: str) -> PluginSetting | None:
    """Return the value that was chosen for a setting, None where nobody has chosen one."""
    return session.get(PluginSetting, (current_workspace(session), key))


def choose(session: Session, key: str, value: Any) -> None:
    """Store the value of a setting, which JSON can hold, or with None go back to its default."""
    chosen = get(session, key)
    if value is None:
        if chosen is not None:
            session.delete(chosen)
    elif chosen is None:
        session.add(PluginSetting(workspace_id=current_workspace(session), key=key, value=value))
    else:
        chosen.value = value
    session.flush()


def choose_secret(session: Session, key: str, secret: str | None) -> None:
    """Store a secret, or with None have none; the row stays, so that an undo finds what was."""
    chosen = get(session, key)
    if chosen is None and secret is not None:
        chosen = PluginSetting(workspace_id=current_workspace(session), key=key, value=MASK, secrets={})
        session.add(chosen)
    if chosen is None:
        return
    mark = MASK if secret is None else f"{MASK} {secrets.token_hex(2)}"
    kept = dict(list(chosen.secrets.items())[-KEPT_SECRETS:])
    chosen.secrets = kept if secret is None else {**kept, mark: secret}
    chosen.value = mark
    session.flush()
