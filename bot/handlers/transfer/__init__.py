"""Bring records in from files that are sent to Rapport."""

from bot.handlers.transfer.declaration import plugin

__all__ = ["plugin"]
