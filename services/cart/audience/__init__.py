"""What offers look at beside the cart: a small copy of facts that others own, fed by their events."""
