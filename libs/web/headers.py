"""Headers that every answer carries: nothing of a page may leave it, be kept, or be shown inside another."""

from collections.abc import Mapping

ALWAYS: Mapping[str, str] = {
    "referrer-policy": "no-referrer",  # tokens are in addresses
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=()",
    "x-robots-tag": "noindex, nofollow",
}
NOT_KEPT: Mapping[str, str] = {"cache-control": "no-store"}
KEPT: Mapping[str, str] = {"cache-control": "public, max-age=300"}
"""Of what is the same for everybody: the look."""
