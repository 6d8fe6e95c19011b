"""Look after customers: carts they left, what they say of products, and parcels they ask for."""
