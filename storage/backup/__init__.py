"""Copy a database to a file, and bring it back."""
