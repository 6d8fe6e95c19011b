"""Keep messages, views and files, and announce what happens to them."""
