"""Bring each customer message to support: as a ticket, classified, on a card that is handled where it stands."""

from bot.handlers.triage.plugin import plugin

from bot.handlers.triage import actions, intake, setup  # isort: skip  # they declare on the plugin, so it comes first

__all__ = ["actions", "intake", "plugin", "setup"]
