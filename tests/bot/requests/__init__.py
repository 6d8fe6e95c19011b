"""Test bot/requests."""
