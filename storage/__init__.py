"""Keep everything Rapport knows in Postgres."""
