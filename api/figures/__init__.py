"""Tell programs the figures behind digests."""
