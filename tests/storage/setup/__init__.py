"""Mirrors storage/setup."""
