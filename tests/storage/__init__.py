"""Test storage."""
