"""Show how the workspace is set up, all of it in one place."""

from bot.handlers.setup.declaration import plugin

__all__ = ["plugin"]
