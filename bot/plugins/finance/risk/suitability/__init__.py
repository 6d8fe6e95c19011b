"""Judge whether a trade suits a client before it is booked, and keep who let it pass."""
