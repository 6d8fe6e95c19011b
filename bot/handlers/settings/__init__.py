"""Show and change the settings of plugins."""

from bot.handlers.settings.declaration import plugin

__all__ = ["plugin"]
