"""Keep what customers have invested, in books that balance. Off until RAPPORT_PLUGINS names it."""

from bot.plugin import Plugin

plugin = Plugin(
    "finance",
    contract=2,
    title="Finance",
    description="Portfolios of customers: holdings, a double-entry journal, prices, values and gains.",
    off=True,
)
