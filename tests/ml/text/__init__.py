"""Test ml/text."""
