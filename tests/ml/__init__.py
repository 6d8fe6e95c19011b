"""Tests of the estimators and their files."""
