"""All calls that are known here, with those that are needed to get there."""

from tests.faults.retries import (
    requests_cart,
    requests_customers,
    requests_marketing,
    requests_messages,
    requests_selling,
)
from tests.faults.retries.case import SEEDS

AREAS = (requests_cart, requests_customers, requests_marketing, requests_messages, requests_selling)
"""To be imported is to register."""

__all__ = ["AREAS", "SEEDS"]
