"""Fit models, and decide whether one is better."""
