"""What a public page may do: nothing but look like itself, and send its form."""

PAGE_POLICY = (
    "default-src 'none'; style-src 'self'; img-src 'self'{images}; form-action {actions}; "
    "base-uri 'none'; frame-ancestors 'none'"
)


def page_policy(*, image_origin: str = "", goes_on_to: str = "") -> str:
    """Give the content policy of a page: our own styles, no script at all, and where its form may lead.

    `image_origin` is where the brand's logo is; `goes_on_to` an origin that a form's answer redirects to, which some
    browsers count as the form's target.
    """
    return PAGE_POLICY.format(
        images=f" {image_origin}" if image_origin else "", actions=f"'self'{' ' + goes_on_to if goes_on_to else ''}"
    )
