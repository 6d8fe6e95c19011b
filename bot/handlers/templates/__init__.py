"""Offer set-ups to begin with: for selling software, for an agency, a shop, an adviser."""

from bot.handlers.templates.declaration import plugin

__all__ = ["plugin"]
