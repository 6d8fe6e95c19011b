"""Show that this version takes over what the last one left behind."""
