"""Short ways to write an identifier."""

from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1.profile_pb2 import Identifier


def email(value: str, *, verified: bool) -> Identifier:
    """An e-mail address; `verified` where the customer has proved to hold it, for example by a login."""
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_EMAIL, value=value, verified=verified)


def phone(value: str, *, verified: bool) -> Identifier:
    """A telephone number in E.164 form."""
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_PHONE, value=value, verified=verified)


def loyalty_card(value: str, *, verified: bool) -> Identifier:
    """A loyalty card; `verified` where it was scanned."""
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_LOYALTY_CARD, value=value, verified=verified)


def social(value: str, *, verified: bool) -> Identifier:
    """An account of a social network, written `network:id`."""
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_SOCIAL, value=value, verified=verified)


def device(value: str) -> Identifier:
    """The id of an installed app or a device."""
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_DEVICE, value=value)


def cookie(value: str) -> Identifier:
    """The visitor id that a web shop keeps in a cookie."""
    return Identifier(kind=profile_pb2.IDENTIFIER_KIND_COOKIE, value=value)
