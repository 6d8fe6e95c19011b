"""Test ml/classify."""
