"""Change the schema one revision at a time, with Alembic."""
