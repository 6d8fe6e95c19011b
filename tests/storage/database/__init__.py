"""Test storage/database."""
