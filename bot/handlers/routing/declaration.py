"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "routing",
    contract=2,
    title="Routing",
    description="Tickets go to a channel and to people by category, tier and language; people who are away get none.",
)
