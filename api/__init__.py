"""Serve the REST API over storage, and the health and metrics endpoints."""
