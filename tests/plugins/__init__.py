"""Plugins as other people would write them, to test with."""
