"""Ask customers how they were served, where a workspace wants that."""
