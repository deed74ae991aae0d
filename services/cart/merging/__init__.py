"""Carts of customers who turn out to be one, and of one who turns out to be two."""
