"""Serve customers in Slack: add, find, show and edit them, and note what was said."""

from bot.handlers.customers.declaration import plugin

__all__ = ["plugin"]
