"""Show that a plugin of somebody else works beside the product as it is installed."""
