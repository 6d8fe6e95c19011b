"""Keep what people want to hear, what is held back, and what did not arrive."""
