"""Each part of a suite is killed again and again under mixed load."""
