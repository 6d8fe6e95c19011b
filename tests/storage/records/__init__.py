"""Test storage/records."""
