"""Leave people and channels alone when they wish, and show what waits meanwhile."""

from bot.handlers.attention.declaration import plugin

from bot.handlers.attention import commands, held, hurry  # isort: skip  # they declare on the plugin, so it comes first

__all__ = ["commands", "held", "hurry", "plugin"]
