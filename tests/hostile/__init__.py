"""What no honest caller sends: requests made from the contract and broken in every way, and what must come of it."""
