"""Test the torture in its short forms."""
