"""Name the plugin that the parts of this folder declare on."""

from bot.plugin import Plugin

plugin = Plugin(
    "transfer",
    contract=2,
    title="Import",
    description="Records from CSV, TSV and XLSX files: send one to Rapport in a direct message.",
)
