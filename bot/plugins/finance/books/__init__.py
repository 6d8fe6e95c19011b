"""Keep the books: instruments with their prices, portfolios with their accounts, and the journal of what happened."""
