"""Hold the revisions in their order."""
