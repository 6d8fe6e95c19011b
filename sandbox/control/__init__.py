"""Act as the people of a sandbox, and see what they see."""
