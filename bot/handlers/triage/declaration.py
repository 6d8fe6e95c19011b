"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "triage",
    contract=2,
    title="Triage",
    description="Customer messages become tickets with a classified card in the support channel.",
)
