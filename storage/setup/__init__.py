"""Change what a workspace has set up where that changes what its records hold."""
