"""Test bot/slack."""
