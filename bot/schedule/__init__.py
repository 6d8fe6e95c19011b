"""Tick, and run what recurs."""
