"""Test ml/learn."""
