"""Runs profile: `python -m services.profile`, once after `python -m services.profile migrate`."""

from libs.starting import start

if __name__ == "__main__":
    start("services.profile.service")
