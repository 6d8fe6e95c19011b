"""Measure models on public data."""
