"""Test storage/notifications."""
