"""Test the REST API and the health endpoints."""
