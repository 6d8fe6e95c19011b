"""Test storage/backup."""
