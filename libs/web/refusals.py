"""Why a program refuses an HTTP request by itself, each with its HTTP status: all of them before anything was done."""

from collections.abc import Mapping
from types import MappingProxyType

from libs.web.buckets import retry_after

NO_HEADERS: Mapping[str, str] = MappingProxyType({})
CLOSE: Mapping[str, str] = MappingProxyType({"connection": "close"})
"""What is still coming is not read any more."""


class Refused(Exception):
    """One refusal; `reason` names the words on its page."""

    def __init__(self, status: int, reason: str, headers: Mapping[str, str] = NO_HEADERS) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason
        self.headers = headers

    @property
    def not_genuine(self) -> bool:
        """Whether what was shown is none of ours: an address may try so much, and no more."""
        return self.status in {403, 404}

    @property
    def makes_no_sense(self) -> bool:
        """Whether it is nothing that anybody sends who means well."""
        return self.status in {400, 403, 404, 408, 413, 415}


def bad_request() -> Refused:
    """Refuse what is no request of ours: a form of somebody else's, or bytes that make no sense."""
    return Refused(400, "BAD_REQUEST", CLOSE)


def unknown_link() -> Refused:
    """Refuse a link that is none of ours; forged, damaged and never made are told alike."""
    return Refused(404, "UNKNOWN")


def gone(reason: str) -> Refused:
    """Refuse a link that was one of ours: EXPIRED, or ERASED."""
    return Refused(410, reason)


def forged() -> Refused:
    """Refuse what somebody else signed, or nobody."""
    return Refused(403, "NOT_SIGNED")


def wrong_method(allowed: str) -> Refused:
    """Refuse a method that the place does not have."""
    return Refused(405, "WRONG_METHOD", {"allow": allowed})


def too_slow() -> Refused:
    """Refuse a body that does not come."""
    return Refused(408, "TOO_SLOW", CLOSE)


def too_large() -> Refused:
    """Refuse a body that is larger than anything we ask for."""
    return Refused(413, "TOO_LARGE", CLOSE)


def uri_too_long() -> Refused:
    """Refuse an address that is longer than any of ours."""
    return Refused(414, "UNKNOWN", CLOSE)


def wrong_type() -> Refused:
    """Refuse a body that is no form."""
    return Refused(415, "BAD_REQUEST", CLOSE)


def too_many(seconds: float) -> Refused:
    """Refuse who asks too often, and say when to come again."""
    return Refused(429, "TOO_MANY", {"retry-after": retry_after(seconds)})


def service_away(seconds: float = 10) -> Refused:
    """Say that a part behind this program does not answer; nothing is known to have been done."""
    return Refused(503, "AWAY", {"retry-after": retry_after(seconds)})


def internal() -> Refused:
    """Say that it is our fault, and nothing else."""
    return Refused(500, "INTERNAL")
