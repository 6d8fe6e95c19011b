"""Test bot/cli."""
