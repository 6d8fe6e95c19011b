"""Keep what messages, notes and tickets mean as vectors, and find what means the same as something."""
