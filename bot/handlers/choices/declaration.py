"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin(
    "choices",
    contract=2,
    title="Statuses, priorities, tiers and reasons",
    description="What your team calls them, and those of your own.",
)
