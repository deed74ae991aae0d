"""Runs messaging: `python -m services.messaging`, once after `python -m services.messaging migrate`."""

from libs.starting import start

if __name__ == "__main__":
    start("services.messaging.service")
