"""Runs preference: `python -m services.preference`, once after `python -m services.preference migrate`."""

from libs.starting import start

if __name__ == "__main__":
    start("services.preference.service")
