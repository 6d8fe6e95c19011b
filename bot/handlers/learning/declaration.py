"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "learning",
    contract=2,
    title="Learning",
    description="The model: its corrections, its versions, and the categories of messages.",
)
