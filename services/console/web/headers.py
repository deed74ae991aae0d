"""What a page may do, and what every answer carries."""

from collections.abc import Mapping

from libs.web.headers import ALWAYS as ALWAYS_ANYWHERE

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Nothing inline, nothing from elsewhere; scripts talk to the console alone."""
ALWAYS: Mapping[str, str] = {
    **ALWAYS_ANYWHERE,
    "content-security-policy": POLICY,
    # Without a referrer at all, browsers would send forms with the origin `null`.
    "referrer-policy": "same-origin",
}
FOR_A_DAY: Mapping[str, str] = {"cache-control": "public, max-age=86400"}
"""Of our own scripts and styles, whose addresses change when they do."""
