"""Show what the workspace's model has learned, roll it back, and say which categories there are."""

from bot.handlers.learning import categories, forms, model, news, versions
from bot.handlers.learning.declaration import plugin

__all__ = ["categories", "forms", "model", "news", "plugin", "versions"]
