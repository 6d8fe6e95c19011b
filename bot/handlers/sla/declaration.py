"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "sla",
    contract=2,
    title="Service levels",
    description="Promises how soon customers get answers, counted in your business hours, and alerts "
    "before it is too late.",
)
