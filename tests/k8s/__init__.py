"""Test what is deployed."""
