"""What is released, as those get it who install it."""
