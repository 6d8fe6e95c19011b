"""Take Slack's requests off the wire, over HTTP and Socket Mode."""
