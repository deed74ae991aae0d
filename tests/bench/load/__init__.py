"""Calls from a process of its own, whose CPU is nobody's: how many, how fast, and whether the answers were right."""
