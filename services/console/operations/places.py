"""Where the processes of the suite can be asked, as settings name them."""

from dataclasses import dataclass

MOST_PROCESSES = 100


@dataclass(frozen=True, slots=True)
class Place:
    """Where something can be asked."""

    name: str
    """Of the service, as people call it."""
    address: str
    """`host:port`."""


def places_of(written: str) -> list[Place]:
    """Read `name=host:port,name=host:port`, a name as often as it has processes. Raises ValueError."""
    places = []
    for part in filter(None, (part.strip() for part in written.split(","))):
        name, equals, address = part.partition("=")
        host, colon, port = address.rpartition(":")
        if not (name and equals and host and colon and port.isascii() and port.isdigit() and 0 < int(port) < 65536):
            raise ValueError(f"{part!r} is not like cart=10.0.0.7:9100")
        places.append(Place(name=name, address=address))
    if len(places) > MOST_PROCESSES:
        raise ValueError(f"more than {MOST_PROCESSES} processes")
    return places
