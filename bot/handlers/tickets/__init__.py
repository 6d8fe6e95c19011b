"""Serve tickets in Slack: add, show, list and assign them, say where they stand, and note what was found."""

from bot.handlers.tickets.declaration import plugin

__all__ = ["plugin"]
