"""List who changed how the workspace is set up."""
