"""Keep the people at customers: a noun by its declaration, made from a customer's card or somebody in Slack."""

from bot.handlers.contacts.declaration import plugin

__all__ = ["plugin"]
