"""Say when the team works."""
