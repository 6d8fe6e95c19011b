"""Fit, keep and serve each workspace's model."""
