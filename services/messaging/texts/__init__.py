"""Templates, and the texts that are made of them."""
