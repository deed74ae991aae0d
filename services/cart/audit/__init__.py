"""The account of a cart: what was applied, what was refused and why, and where every piece went."""
