"""Keep which digests are sent, what stood in them, and count their numbers."""
