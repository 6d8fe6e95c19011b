"""Take back one's own last change."""
