"""Reach Postgres: the engine, the schema and its revisions, the embedded server."""
