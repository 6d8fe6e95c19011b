"""Keep workspaces and their members."""
