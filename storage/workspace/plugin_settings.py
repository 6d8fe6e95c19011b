"""Keep what a workspace's admins have chosen for the settings of plugins."""

from __future__ import annotations

from typing import Any

from sqlalchemy import ForeignKey, Text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, Session, mapped_column

from storage.database.engine import TENANT, Base, current_workspace
from storage.database.recorded import Recorded


class PluginSetting(Recorded, Base):
    """Hold the value of one setting, as JSON; `key` is the plugin's name, a dot, and the setting's."""

    __noun__ = "setting"
    __audit__ = "settings"
    __tablename__ = "plugin_setting"
    __table_args__ = {"info": TENANT}

    workspace_id: Mapped[str] = mapped_column(ForeignKey("workspace.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(Text(collation="C"), primary_key=True)
    value: Mapped[Any] = mapped_column(JSONB)

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
