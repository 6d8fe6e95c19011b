"""Test bot/events."""
