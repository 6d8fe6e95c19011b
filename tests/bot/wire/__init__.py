"""Test bot/wire."""
