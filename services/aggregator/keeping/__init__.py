"""Contexts that were read a moment ago, for those who are content with that."""
