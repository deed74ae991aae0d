"""Calls that do not wait for answers, from a process of its own: more of them than can be served."""
