"""Keep customers, contacts, deals, and what was promised and noted about them."""
