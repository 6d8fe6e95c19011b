"""Hold the plugin on which the files of this folder declare."""

from bot.plugin import Plugin

plugin = Plugin(
    "nouns", contract=2, title="Kinds of records", description="Records of your own: contracts, sites, assets."
)
