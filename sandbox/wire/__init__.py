"""Carry requests to apps over Slack's wire protocol."""
