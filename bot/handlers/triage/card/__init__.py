"""Draw a ticket's card for support."""
