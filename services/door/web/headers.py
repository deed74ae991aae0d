"""Headers that every answer carries: nothing of a page may leave it, be kept, or be shown inside another."""

from collections.abc import Mapping

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'{images}; form-action {actions}; "
    "base-uri 'none'; frame-ancestors 'none'"
)
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


def page_policy(*, image_origin: str = "", goes_on_to: str = "") -> str:
    """Give the content policy of a page: our own styles, no script at all, and where its form may lead.

    `image_origin` is where the brand's logo is; `goes_on_to` an origin that a form's answer redirects to, which some
    browsers count as the form's target.
    """
    return PAGE_POLICY.format(
        images=f" {image_origin}" if image_origin else "", actions=f"'self'{' ' + goes_on_to if goes_on_to else ''}"
    )
