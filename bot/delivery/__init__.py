"""Carry what the outbox holds to Slack, one visible copy of each."""
