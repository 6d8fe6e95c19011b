"""Test bot/schedule."""
