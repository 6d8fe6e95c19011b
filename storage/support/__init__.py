"""Keep what customers ask for: channels, messages, tickets, routes, replies, service levels."""
