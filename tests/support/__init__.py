"""Test Rapport; the folders mirror the tree."""
