"""Serve deals in Slack: add, show, list and move them, win or lose them, and note what was said."""

from bot.handlers.deals.declaration import plugin

__all__ = ["plugin"]
