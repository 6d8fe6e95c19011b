"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "learning",
    title="Learning",
    description="The model: its corrections, its versions, and the categories of messages.",
)
