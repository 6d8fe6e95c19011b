"""Test sandbox/world."""
