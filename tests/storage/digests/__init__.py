"""Test storage/digests."""
