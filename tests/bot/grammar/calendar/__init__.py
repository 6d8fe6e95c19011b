"""Test bot/grammar/calendar."""
