import pytest

from libs.rpc.channels import Channel, ChannelRegistry
from services.messaging.deciding.time_zones import TimeZones, Whereabouts

WEB, APP, CALLS, STORE = 1, 2, 4, 3
CHANNELS = (
    Channel("web", WEB, "main"),
    Channel("store-1", STORE, "main", time_zone="Europe/Berlin"),
    Channel("store-2", STORE, "main", time_zone="Europe/Vienna"),
    Channel("calls", CALLS, "main", time_zone="Europe/Berlin"),
    Channel("outlet", STORE, "outlet", time_zone="Asia/Tokyo"),
    Channel("outlet-web", WEB, "outlet"),
)


def registered(*channels: Channel) -> ChannelRegistry:
    return ChannelRegistry({channel.id: channel for channel in channels})


ZONES = TimeZones(registered(*CHANNELS), default="Europe/Zurich")


@pytest.mark.parametrize(
    ("where", "zone", "source"),
    [
        (Whereabouts(said="Asia/Kathmandu", country="DE", phone="+4930901820"), "Asia/Kathmandu", "customer"),
        (Whereabouts(country="de", phone="+81312345678"), "Europe/Berlin", "address"),
        (Whereabouts(country="US"), "America/New_York", "address"),
        (Whereabouts(phone="+81312345678"), "Asia/Tokyo", "phone"),
        (Whereabouts(phone="+41446681800"), "Europe/Zurich", "phone"),
        (Whereabouts(channel_id="store-2"), "Europe/Vienna", "channel"),
        (Whereabouts(channel_id="web"), "Europe/Berlin", "brand"),
        (Whereabouts(channel_id="outlet-web"), "Asia/Tokyo", "brand"),
        (Whereabouts(channel_id="cart"), "Europe/Zurich", "default"),
        (Whereabouts(country="ZZ", phone="+881612345678", channel_id="cart"), "Europe/Zurich", "default"),
    ],
)
def test_a_customers_clock_is_the_nearest_that_anything_tells_of(where: Whereabouts, zone: str, source: str) -> None:
    found = ZONES.find(where)
    assert (found.zone.key, found.source, found.unknown) == (zone, source, "")


@pytest.mark.parametrize("said", ["Nowhere/At_All", "../../etc/passwd", "/etc/passwd", "\0", "Europe", "x" * 5000])
def test_a_time_zone_that_does_not_exist_gives_place_to_the_next_and_is_told_of(said: str) -> None:
    found = ZONES.find(Whereabouts(said=said, country="JP"))
    assert (found.zone.key, found.source, found.unknown) == ("Asia/Tokyo", "address", "customer")


def test_even_a_default_that_does_not_exist_leaves_a_clock() -> None:
    found = TimeZones(registered(), default="Mars/Olympus").find(Whereabouts())
    assert (found.zone.key, found.unknown) == ("UTC", "default")


def test_where_there_is_one_brand_its_clock_serves_what_no_channel_caused() -> None:
    assert (
        TimeZones(registered(*CHANNELS[:4]), default="UTC").find(Whereabouts(channel_id="cart")).zone.key
        == "Europe/Berlin"
    )
