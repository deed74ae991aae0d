"""Documents and events that cannot be digested, among many that can."""
