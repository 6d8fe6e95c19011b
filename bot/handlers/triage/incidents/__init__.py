"""Bring together what several customers report."""
