"""Know Slack: clients, installations, the manifest."""
