"""What the process of a reference is told by its environment."""

import os
from collections.abc import Mapping
from dataclasses import dataclass

FOUR = ("profile", "cart", "preference", "messaging")


@dataclass(frozen=True, slots=True)
class NaiveSettings:
    """The settings of one of the five."""

    name: str
    mongo_uri: str
    database: str
    trace_ratio: float
    addresses: Mapping[str, str]
    """Of the other four, for the aggregator."""

    def environment(self) -> dict[str, str]:
        """Give it to the process."""
        return {
            "NAIVE_NAME": self.name,
            "NAIVE_MONGO_URI": self.mongo_uri,
            "NAIVE_DATABASE": self.database,
            "NAIVE_TRACE_RATIO": str(self.trace_ratio),
            **{f"NAIVE_{name.upper()}_ADDRESS": address for name, address in self.addresses.items()},
        }

    @classmethod
    def read(cls) -> "NaiveSettings":
        """Read it there."""
        addresses = {name: os.environ.get(f"NAIVE_{name.upper()}_ADDRESS", "") for name in FOUR}
        return cls(
            name=os.environ["NAIVE_NAME"],
            mongo_uri=os.environ["NAIVE_MONGO_URI"],
            database=os.environ["NAIVE_DATABASE"],
            trace_ratio=float(os.environ["NAIVE_TRACE_RATIO"]),
            addresses={name: address for name, address in addresses.items() if address},
        )
