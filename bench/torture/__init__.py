"""Kill Rapport at every moment, under load, and count what was lost and what came twice."""
