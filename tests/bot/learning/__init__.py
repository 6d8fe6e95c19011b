"""Test bot/learning."""
