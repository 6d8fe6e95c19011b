"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "sla",
    title="Service levels",
    description="How soon customers are to be answered, counted in your hours, and who is told before it is too late.",
)
