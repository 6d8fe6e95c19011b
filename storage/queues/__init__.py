"""Keep what came from Slack, what goes to Slack, and what falls due."""
