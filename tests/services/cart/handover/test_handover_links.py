"""Links and pictures: which templates are taken."""

import pytest

from libs.errors import OmnithreadError
from services.cart.handover.links import check_template, link_of, picture_of


@pytest.mark.parametrize(
    "template",
    [
        "https://shop.example/go#{token}",
        "https://shop.example/go/{token}?from=mail",
        "http://localhost:8080/go#{token}",
        "http://127.0.0.1/#{token}",
        "http://[::1]:80/#{token}",
    ],
)
def test_a_safe_address_with_a_place_for_the_token_is_taken(template: str) -> None:
    check_template(template)
    assert "{token}" not in link_of(template, "abc")


@pytest.mark.parametrize(
    "template",
    [
        "https://shop.example/go",
        "https://shop.example/{token}/{token}",
        "http://shop.example/{token}",
        "http://localhost.evil.example/{token}",
        "http://localhost@evil.example/{token}",
        "javascript:alert('{token}')",
        "https://{token}.shop.example/",
        "https:///{token}",
        "https://shop.example:port/{token}",
        "https://[/{token}",
        "https://shop.example/a b{token}",
        "https://shop.example/\n{token}",
        "https://shöp.example/{token}",
        "{token}",
    ],
)
def test_an_address_that_leads_nowhere_safe_is_refused(template: str) -> None:
    with pytest.raises(OmnithreadError) as refused:
        check_template(template)
    assert refused.value.reason == "LINK_INVALID"


def test_a_picture_of_the_longest_link_is_small() -> None:
    picture = picture_of(link_of("https://shop.example/" + "x" * 472 + "{token}", "t" * 44))
    assert picture.startswith(b"\x89PNG")
    assert len(picture) < 20_000
