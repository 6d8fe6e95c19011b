"""Answer Slack's Web API methods, one function each, registered in one table."""

from sandbox.methods import auth, chat, conversations, files, oauth, reactions, users, views
from sandbox.methods.registry import METHODS, Call

__all__ = ["METHODS", "Call", "auth", "chat", "conversations", "files", "oauth", "reactions", "users", "views"]
