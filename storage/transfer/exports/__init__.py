"""Take records out: as files that people ask for, and as an archive of the whole workspace."""
