"""Store Slack's events, and handle each once."""
