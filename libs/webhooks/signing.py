"""Signatures over what is posted: the receiver knows that we sent it, just now, and nobody changed it.

The header is `Omnithread-Signature: t=<unix seconds>,v1=<hex>[,v1=<hex>...]`, one `v1` for each secret that is valid,
so that a secret can be changed without a pause. Each is HMAC-SHA256 over `<t>.<body>` with the secret's UTF-8 bytes.
"""

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime

SIGNATURE_HEADER = "Omnithread-Signature"
TOLERANCE_SECONDS = 300
"""How far the clocks of both sides may be apart, and how long a signature that was overheard can be used."""
MAX_HEADER_LENGTH = 1024
MAX_SIGNATURES = 8
HEX_LENGTH = 64


class SignatureInvalid(Exception):
    """What came is not what one of the secrets signed, or not now. `why` is one of a few fixed words."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


def sign(secret: str, timestamp: int, body: bytes) -> str:
    """Give the signature of a body at a time (Unix seconds): 64 hex digits."""
    signed = b"%d." % timestamp + body
    return hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest()


def signature_header(secrets: Sequence[str], body: bytes, now: datetime) -> str:
    """Give the value of the header, signed with every secret that is valid, at least one and at most 8."""
    if not 1 <= len(secrets) <= MAX_SIGNATURES:
        raise ValueError("a body is signed with 1 to 8 secrets")
    timestamp = int(now.timestamp())
    return ",".join([f"t={timestamp}", *(f"v1={sign(secret, timestamp, body)}" for secret in secrets)])


def check_signature(secrets: Sequence[str], header: str, body: bytes, now: datetime) -> None:
    """Return where one of `secrets` signed `body` within 300 s of `now`; raises SignatureInvalid.

    Takes the same time whichever digit is wrong. Who must not act twice keeps what was signed for as long as the
    tolerance lasts: a signature says nothing about repetition.
    """
    timestamp, given = _read(header)
    expected = [sign(secret, timestamp, body).encode() for secret in secrets]
    matches = [hmac.compare_digest(one, other) for one in expected for other in given]
    if not any(matches):
        raise SignatureInvalid("no_match")
    if abs(now.timestamp() - timestamp) > TOLERANCE_SECONDS:
        raise SignatureInvalid("not_now")


def _read(header: str) -> tuple[int, list[bytes]]:
    if len(header) > MAX_HEADER_LENGTH:
        raise SignatureInvalid("too_long")
    times: list[str] = []
    signatures: list[bytes] = []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t":
            times.append(value)
        elif name == "v1":
            signatures.append(value.encode("utf-8", "replace"))
    if len(times) != 1 or not (times[0].isascii() and times[0].isdigit()) or len(times[0]) > 12:
        raise SignatureInvalid("no_time")
    if not 1 <= len(signatures) <= MAX_SIGNATURES or any(len(one) != HEX_LENGTH for one in signatures):
        raise SignatureInvalid("no_signature")
    return int(times[0]), signatures
