"""Let agents use a workspace by the Model Context Protocol."""
