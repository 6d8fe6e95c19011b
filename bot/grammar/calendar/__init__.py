"""Read days, times, moments and what recurs, in the languages people write in."""
