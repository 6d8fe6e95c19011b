"""Attack the bot as strangers and bad luck do: real processes, a real server, and Slack's wire."""
