"""Test bot/kit."""
