"""Measure the API beside hand-written SQL under bare FastAPI."""
