"""Runs cart: `python -m services.cart`, once after `python -m services.cart migrate`."""

from libs.starting import start

if __name__ == "__main__":
    start("services.cart.service")
