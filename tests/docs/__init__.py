"""Test what the documentation tells people to do."""
