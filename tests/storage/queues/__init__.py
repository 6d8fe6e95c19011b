"""Test storage/queues."""
