"""Draw the sections of a digest."""
