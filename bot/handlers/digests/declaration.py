"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "digests",
    contract=2,
    title="Digests",
    description="Sales and support in numbers, at a fixed time, to a person or a channel; each number explained.",
)
plugin.slash("digest", description="Get the numbers on a schedule")
