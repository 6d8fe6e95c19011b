"""Run a Slack on this machine: the demo's workspace and the tests' counterpart."""
