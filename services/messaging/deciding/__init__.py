"""Whether a message may go, by which way and when, and what that was decided by."""
