"""Draw what the sections of a digest share: the keyed numbers, and charts."""
