"""Test sandbox/control."""
