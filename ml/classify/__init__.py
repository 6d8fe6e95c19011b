"""Say what a message is about, how sure that is, and why."""
