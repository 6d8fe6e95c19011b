"""Tell how much a portfolio may lose, who may bear it, and whether a trade suits them."""
