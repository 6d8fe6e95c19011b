"""Hold the optional plugins that ship with the product; delete any one and the bot still starts."""
