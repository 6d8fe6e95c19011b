"""Test set-ups."""
