"""Tests of what webhooks are told, in which order, and where that may go."""
