"""What a channel backend needs to speak with Omnithread: typed stubs of all services behind one connection.

    async with omnithread.connect("omnithread.example:443", token=token) as suite:
        session = await suite.start_session([omnithread.cookie("visitor-1")])
        with session.carry():
            await suite.cart.AddItem(...)

The messages are in `omnithread.<area>.v1`, as in the contracts.
"""

from omnithread.addresses import SERVICES, Addresses
from omnithread.errors import ErrorDetails, FieldViolation, details_of
from omnithread.identifiers import cookie, device, email, loyalty_card, phone, social
from omnithread.labels import Labels, carry
from omnithread.live import LiveContext
from omnithread.requests import new_request_id
from omnithread.session import Session
from omnithread.suite import Omnithread, connect
from omnithread.suite_sync import OmnithreadSync, connect_sync
from omnithread.tokens import TokenProvider
from omnithread.told import Told
from omnithread.version import __version__

__all__ = [
    "SERVICES",
    "Addresses",
    "ErrorDetails",
    "FieldViolation",
    "Labels",
    "LiveContext",
    "Omnithread",
    "OmnithreadSync",
    "Session",
    "TokenProvider",
    "Told",
    "__version__",
    "carry",
    "connect",
    "connect_sync",
    "cookie",
    "details_of",
    "device",
    "email",
    "loyalty_card",
    "new_request_id",
    "phone",
    "social",
]
