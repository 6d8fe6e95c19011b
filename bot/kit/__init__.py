"""Build what handlers show and read: blocks, formats, look-ups, replies."""
