"""Test sandbox/wire."""
