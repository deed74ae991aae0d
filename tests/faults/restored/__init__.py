"""One service's database is set back to an earlier state."""
