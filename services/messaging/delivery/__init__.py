"""How messages go out, once each, and what became of them."""
