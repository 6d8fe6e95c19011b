"""Run the Slack bot."""
