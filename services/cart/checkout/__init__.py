"""From a cart to an order: of the lines and at the price that the payer saw."""
