"""Wires cart and runs it: `python -m services.cart`, once after `python -m services.cart migrate`."""
