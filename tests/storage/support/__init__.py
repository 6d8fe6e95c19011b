"""Test storage/support."""
