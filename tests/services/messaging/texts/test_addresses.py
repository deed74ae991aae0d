import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.messaging.texts.addresses import app_address, web_address
from services.messaging.texts.html_check import fault_in

GENEROUS_SECONDS = 5.0
DANGEROUS = [
    "javascript:alert(1)",
    "JaVaScRiPt:alert(1)",
    " javascript:alert(1)",
    "java\nscript:alert(1)",
    "java\tscript:alert(1)",
    "\x01javascript:alert(1)",
    "vbscript:x",
    "data:text/html,<script>",
    "file:///etc/passwd",
    "blob:https://x/1",
    "//elsewhere.example",
    "relative",
    "https:///nowhere",
    'https://x/" onclick="y',
    "https://x/<script>",
    "https://[::1",
    "https://x/" + "a" * 2000,
    "",
]


@pytest.mark.parametrize("uri", DANGEROUS)
def test_what_is_no_address_of_the_web_becomes_none(uri: str) -> None:
    assert web_address(uri) is None
    assert app_address(uri) is None


def test_an_app_may_be_opened_by_an_address_of_its_own_and_a_mail_leads_to_the_web() -> None:
    assert (app_address("shop://cart/1"), web_address("shop://cart/1")) == ("shop://cart/1", None)
    assert web_address("HTTPS://shop.example/p?a=1&b=ü#x") == "HTTPS://shop.example/p?a=1&b=ü#x"


@given(st.text(max_size=60))
def test_no_address_ends_an_attribute(uri: str) -> None:
    for address in (web_address(f"https://x/{uri}"), app_address(f"shop://{uri}")):
        assert address is None or not set(address) & set("\"'<> \n\r\t")


@pytest.mark.parametrize(
    "source",
    [
        '<a href="javascript:alert(1)">x</a>',
        "<a href=javascript:alert(1)>x</a>",
        '<a href=" JAVASCRIPT :alert(1)">x</a>',
        '<a href="java\nscript:alert(1)">x</a>',
        '<a href="&#106;avascript:alert(1)">x</a>',
        '<a href="java&Tab;script:alert(1)">x</a>',
        '<img src="data:image/svg+xml,x">',
        '<td style="background:url(javascript:x)">',
        "<script>alert(1)</script>",
        "< script >alert(1)</script>",
        "<svg onload=alert(1)>",
        '<img src="x"onerror="alert(1)">',
        "<b onclick = 'x'>",
        '<meta http-equiv="refresh" content="0">',
        "<iframe></iframe>",
        "<form action='https://x'>",
        "<base href='https://x'>",
    ],
)
def test_what_runs_or_leads_astray_is_found_in_html(source: str) -> None:
    assert fault_in(f"<p>Hello</p>{source}") != ""


@pytest.mark.parametrize(
    "source",
    [
        "<p>We said: javascript: is a language, on = off</p>",
        '<a href="https://shop.example/p?on=1">x</a><a href="mailto:a@b.example">y</a><a href="tel:+49">z</a>',
        '<table role="presentation"><tr><td style="color:#123456">1</td></tr></table>',
        '<html><head><meta http-equiv="Content-Type" content="text/html"></head></html>',
    ],
)
def test_what_a_mail_may_have_is_let_through(source: str) -> None:
    assert fault_in(source) == ""


@pytest.mark.parametrize("source", ["<a " * 40_000, "<a on" * 25_000, "href=" * 25_000, "&#106;" * 20_000])
def test_looking_through_takes_no_longer_for_those_who_try(source: str) -> None:
    began = time.perf_counter()
    fault_in(source)
    assert time.perf_counter() - began < GENEROUS_SECONDS
