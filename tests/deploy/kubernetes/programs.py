"""The programs of the suite and the settings that each of them reads, as the code has them."""

from typing import Any

from libs.service import Service
from libs.settings import ProcessSettings
from services.aggregator.service import SERVICE as AGGREGATOR
from services.cart.service import SERVICE as CART
from services.console.settings import ConsoleSettings
from services.door.settings import DoorSettings
from services.messaging.service import SERVICE as MESSAGING
from services.preference.service import SERVICE as PREFERENCE
from services.profile.service import SERVICE as PROFILE

FIVE: dict[str, Service[Any]] = {  # each with settings of its own
    service.name: service for service in (PROFILE, CART, PREFERENCE, MESSAGING, AGGREGATOR)
}
SETTINGS: dict[str, type[ProcessSettings]] = {
    **{name: service.settings for name, service in FIVE.items()},
    "door": DoorSettings,
    "console": ConsoleSettings,
}
