"""Tell other programs what happens in a workspace, by webhooks that an admin has added."""
