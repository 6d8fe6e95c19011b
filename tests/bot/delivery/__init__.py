"""Test bot/delivery."""
