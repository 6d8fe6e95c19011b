"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "learning",
    title="Learning",
    description="What the model has learned from corrections, its versions, and the categories of messages.",
)
