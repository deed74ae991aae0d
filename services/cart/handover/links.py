"""What a token is carried over in: a link, and a picture to scan. Pure."""

import io
from urllib.parse import urlsplit

import segno

from services.cart import errors

PLACE = "{token}"
HERE = frozenset({"localhost", "127.0.0.1", "::1"})
MOST_TEMPLATE_CHARACTERS = 500
PIXELS_PER_MODULE = 6
QUIET_MODULES = 4


def check_template(template: str) -> None:
    """Refuse a template that is no `https` address (`http` only for this machine) with one `{token}` behind the host.

    Raises LINK_INVALID.
    """
    if len(template) > MOST_TEMPLATE_CHARACTERS:
        raise errors.link_invalid(f"has more than {MOST_TEMPLATE_CHARACTERS} characters")
    if not template.isascii() or not template.isprintable() or " " in template:
        raise errors.link_invalid("has characters that an address does not have")
    if template.count(PLACE) != 1:
        raise errors.link_invalid("does not have `{token}` exactly once")
    try:
        parts = urlsplit(template)
        host, _ = parts.hostname, parts.port
    except ValueError:
        raise errors.link_invalid("is no address") from None
    if not host or PLACE in parts.netloc or "@" in parts.netloc:
        raise errors.link_invalid("is no address of a host")
    if parts.scheme != "https" and not (parts.scheme == "http" and host in HERE):
        raise errors.link_invalid("is no `https` address")


def link_of(template: str, token: str) -> str:
    """Put the token into a template that was checked."""
    return template.replace(PLACE, token)


def picture_of(text: str) -> bytes:
    """Draw a QR code (error correction M) as PNG: a few kilobytes. Takes some hundredths of a second."""
    picture = io.BytesIO()
    segno.make(text, error="m", micro=False, boost_error=False).save(
        picture, kind="png", scale=PIXELS_PER_MODULE, border=QUIET_MODULES
    )
    return picture.getvalue()
