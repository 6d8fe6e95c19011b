"""Test storage/crm."""
