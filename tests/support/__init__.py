"""Give tests what they share."""
