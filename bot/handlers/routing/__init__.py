"""Say which tickets go to which channel and people, and who is away."""

from bot.handlers.routing.declaration import plugin

from bot.handlers.routing import away, commands  # isort: skip  # they declare on the plugin, so it comes first

__all__ = ["away", "commands", "plugin"]
