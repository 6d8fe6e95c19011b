"""Be away and back."""
