"""Give a field another type."""
