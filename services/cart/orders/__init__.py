"""Orders: how far they come, payments, what comes back, and the sales of other systems."""
