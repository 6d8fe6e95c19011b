"""Turn what customers write into tickets."""
