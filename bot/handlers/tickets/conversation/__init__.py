"""Show what was said in a ticket, and what to do about it."""
