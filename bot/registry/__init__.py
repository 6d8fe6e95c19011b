"""Find plugins, order what they declare, and refuse at start-up what clashes or cannot work, naming the culprit."""

from bot.registry.checks import PluginError
from bot.registry.loading import ENTRY_POINTS, bundled, bundled_off, load
from bot.registry.registry import ANYBODY, Registry

__all__ = ["ANYBODY", "ENTRY_POINTS", "PluginError", "Registry", "bundled", "bundled_off", "load"]
