"""Bring each customer message to support: as a ticket, classified, on a card that is handled where it stands."""

from bot.handlers.triage.declaration import plugin

__all__ = ["plugin"]
