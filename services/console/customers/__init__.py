"""Finding a customer, and everything about one on a page."""
