"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin(
    "moves",
    contract=2,
    title="Moves",
    description="Records that move when a stage, a status or a tier goes out of use.",
)
