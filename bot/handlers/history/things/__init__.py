"""Say what a change happened to."""
