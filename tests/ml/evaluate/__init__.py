"""Test ml/evaluate."""
