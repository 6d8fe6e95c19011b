"""Give the `rapport` command."""
