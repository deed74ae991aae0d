"""The last release and this one at work together."""
