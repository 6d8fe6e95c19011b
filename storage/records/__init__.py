"""Give every noun what all nouns have: names, references, search, queries, history."""
