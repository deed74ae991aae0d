"""The promises to the customer, told through real calls on the whole suite: one file per promise, by its number."""
