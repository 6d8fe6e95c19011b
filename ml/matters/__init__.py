"""Tell which messages of a conversation are about one matter."""
