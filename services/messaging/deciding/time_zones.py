"""By which clock a customer lives: as they said, else as their address or phone lets suppose, else the brand's.

A country with several time zones counts by the one in which most of its people live; who lives elsewhere in it can say
so (`Preferences.time_zone`).
"""

from collections import Counter
from dataclasses import dataclass
from typing import Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import phonenumbers
from babel.core import get_global

from libs.rpc.channels import ChannelRegistry

Source = Literal["customer", "address", "phone", "channel", "brand", "default"]

MOST_PEOPLE_LIVE_BY = {
    "AR": "America/Argentina/Buenos_Aires",
    "AU": "Australia/Sydney",
    "BR": "America/Sao_Paulo",
    "CA": "America/Toronto",
    "CD": "Africa/Kinshasa",
    "CL": "America/Santiago",
    "CN": "Asia/Shanghai",
    "CY": "Asia/Nicosia",
    "DE": "Europe/Berlin",
    "EC": "America/Guayaquil",
    "ES": "Europe/Madrid",
    "FM": "Pacific/Pohnpei",
    "GL": "America/Nuuk",
    "ID": "Asia/Jakarta",
    "KI": "Pacific/Tarawa",
    "KZ": "Asia/Almaty",
    "MH": "Pacific/Majuro",
    "MN": "Asia/Ulaanbaatar",
    "MX": "America/Mexico_City",
    "MY": "Asia/Kuala_Lumpur",
    "NZ": "Pacific/Auckland",
    "PF": "Pacific/Tahiti",
    "PG": "Pacific/Port_Moresby",
    "PS": "Asia/Hebron",
    "PT": "Europe/Lisbon",
    "RU": "Europe/Moscow",
    "UA": "Europe/Kyiv",
    "UM": "Pacific/Wake",
    "US": "America/New_York",
    "UZ": "Asia/Tashkent",
}
"""Of countries with more than one time zone."""
CODE_LETTERS = 2
NOBODYS = frozenset({"AQ", "ZZ"})
"""Where nobody lives, or nobody knows where it is."""


@dataclass(frozen=True, slots=True)
class CustomerZone:
    """A time zone, and who says so."""

    zone: ZoneInfo
    source: Source
    unknown: str = ""
    """Who named one that does not exist; empty where nobody did."""


@dataclass(frozen=True, slots=True)
class Whereabouts:
    """What tells of a customer's time zone, each empty where nothing does."""

    said: str = ""
    """As the customer said: an IANA name."""
    country: str = ""
    """Of the postal address: two letters."""
    phone: str = ""
    """In E.164 form."""
    channel_id: str = ""
    """Where the message was caused."""


class TimeZones:
    """Finds the time zone of customers of this installation."""

    def __init__(self, channels: ChannelRegistry, *, default: str) -> None:
        self._channels = channels
        self._default = default

    def find(self, where: Whereabouts) -> CustomerZone:
        """Give the zone that is nearest to what the customer said. There always is one."""
        named: tuple[tuple[Source, str], ...] = (
            ("customer", where.said),
            ("address", zone_of_country(where.country)),
            ("phone", zone_of_country(country_of(where.phone))),
            ("channel", self._of_channel(where.channel_id)),
            ("brand", self._of_brand(where.channel_id)),
            ("default", self._default),
        )
        unknown = ""
        for source, name in named:
            zone = existing_zone(name)
            if zone is not None:
                return CustomerZone(zone, source, unknown)
            if name:
                unknown = unknown or source
        return CustomerZone(ZoneInfo("UTC"), "default", unknown)

    def _of_channel(self, channel_id: str) -> str:
        channel = self._channels.find(channel_id)
        return channel.time_zone if channel else ""

    def _of_brand(self, channel_id: str) -> str:
        """Give the zone of most places of the brand; of an unknown channel, where there is only one brand."""
        brands = {channel.brand for channel in self._channels}
        channel = self._channels.find(channel_id)
        if channel is None and len(brands) > 1:
            return ""
        brand = channel.brand if channel else next(iter(brands), "")
        zones = Counter(one.time_zone for one in self._channels if one.brand == brand and one.time_zone)
        return min(zones, key=lambda zone: (-zones[zone], zone), default="")


def existing_zone(name: str) -> ZoneInfo | None:
    """Give a zone by its IANA name; None where there is no such."""
    try:
        return ZoneInfo(name) if name else None
    except (ZoneInfoNotFoundError, ValueError, OSError):
        return None


def zone_of_country(country: str) -> str:
    """Give the zone by which most people of a country live; empty where nobody knows the country."""
    code = country.upper()
    if len(code) != CODE_LETTERS or code in NOBODYS:
        return ""
    if code in MOST_PEOPLE_LIVE_BY:
        return MOST_PEOPLE_LIVE_BY[code]
    zones: list[str] = get_global("territory_zones").get(code, [])
    return zones[0] if zones else ""


def country_of(phone: str) -> str:
    """Give the country of a phone number; empty where it has none, as a satellite's."""
    if not phone:
        return ""
    try:
        return phonenumbers.region_code_for_number(phonenumbers.parse(phone, None)) or ""
    except phonenumbers.NumberParseException:
        return ""
