"""Hold what a Slack knows, and what is in flight."""
