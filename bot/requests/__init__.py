"""Answer one request of Slack's, from the wire to its answer."""
