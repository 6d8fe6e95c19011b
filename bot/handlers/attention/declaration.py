"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "attention",
    contract=2,
    title="Quiet hours and limits",
    description="Quiet hours, days off, muted kinds and a daily budget, for people and channels; nothing gets lost.",
)
