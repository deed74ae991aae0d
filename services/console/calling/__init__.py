"""Calls to the suite, each in the name of the agent who is signed in."""
