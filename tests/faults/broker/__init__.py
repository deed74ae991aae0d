"""The broker forgets what it has acknowledged."""
