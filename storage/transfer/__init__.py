"""Bring records in from tables that other programs wrote, and take them out again."""
