"""Answer customers from a ticket's card."""
