"""Runs the aggregator: `python -m services.aggregator`, after the same with `migrate`."""

from libs.starting import start

if __name__ == "__main__":
    start("services.aggregator.service")
