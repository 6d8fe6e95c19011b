"""Say which categories there are, and change them."""
