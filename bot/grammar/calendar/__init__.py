"""Read days, times of day and what recurs, and place them in a time zone."""
