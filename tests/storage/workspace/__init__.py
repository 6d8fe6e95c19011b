"""Test storage/workspace."""
