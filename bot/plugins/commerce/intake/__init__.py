"""Take orders, products and checkouts in as the webhooks of shops send them."""
