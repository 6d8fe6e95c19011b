"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "followups",
    contract=2,
    title="Follow-ups",
    description="Promises about any record, and a reminder by DM when they are due.",
)
plugin.slash("followup", description="Be reminded at the right time")
