"""Seed what is tried of every command and form with an adviser on, and what is asked of it alone."""
