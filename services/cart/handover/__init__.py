"""Carts carried from one channel to another by a signed token, a picture of it, or six digits."""
