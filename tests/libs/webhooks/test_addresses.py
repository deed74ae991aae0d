"""Which addresses are posted to."""

import ipaddress

import pytest

from libs.webhooks.addresses import AddressForbidden, AddressRules, networks_from

STRICT = AddressRules()


@pytest.mark.parametrize(
    "url",
    [
        "https://hooks.example.com",
        "https://hooks.example.com:8443/a/b?c=d&e=%20",
        "https://xn--bcher-kva.example/",
        "https://8.8.8.8/hook",
        "https://[2606:4700::1111]/hook",
    ],
)
def test_public_https_is_allowed(url: str) -> None:
    STRICT.check_url(url)


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("http://hooks.example.com/", "not_https"),
        ("ftp://hooks.example.com/", "url_malformed"),
        ("https://user:password@hooks.example.com/", "url_malformed"),  # not a secret: made up
        ("https://hooks.example.com/#part", "url_malformed"),
        ("https://hooks.example.com/a b", "url_malformed"),
        ("https://hooks.example.com/\r\nHost: other", "url_malformed"),
        ("https://hooks.example.com:99999/", "url_malformed"),
        ("https://hooks.example.com:0/", "url_malformed"),
        ("https://bücher.example/", "url_malformed"),
        ("https://2130706433/", "url_malformed"),
        ("https://127.1/", "url_malformed"),
        ("https:///hook", "url_malformed"),
        ("https://hooks.example.com/" + "a" * 2048, "url_too_long"),
        ("https://127.0.0.1/", "address_not_public"),
        ("https://169.254.169.254/latest/meta-data", "address_not_public"),
        ("https://10.1.2.3/", "address_not_public"),
        ("https://[::1]/", "address_not_public"),
        ("https://[::ffff:10.1.2.3]/", "address_not_public"),
        ("https://[64:ff9b::a9fe:a9fe]/", "address_not_public"),
        ("https://[2002:7f00:1::]/", "address_not_public"),
        ("https://[fd00::1]/", "address_not_public"),
        ("https://[fe80::1]/", "address_not_public"),
        ("https://0.0.0.0/", "address_not_public"),
        ("https://100.64.0.1/", "address_not_public"),
        ("https://224.0.0.1/", "address_not_public"),
        ("https://255.255.255.255/", "address_not_public"),
    ],
)
def test_what_leads_elsewhere_is_refused(url: str, why: str) -> None:
    with pytest.raises(AddressForbidden) as caught:
        STRICT.check_url(url)
    assert caught.value.why == why


def test_the_operator_can_allow_a_network_of_their_own_and_only_that() -> None:
    rules = AddressRules(allowed_networks=networks_from(["10.1.0.0/16", " "]))
    rules.check_url("https://10.1.2.3/")
    with pytest.raises(AddressForbidden):
        rules.check_url("https://10.2.0.1/")


async def test_a_host_with_one_address_inside_is_refused_whole() -> None:
    async def mixed(_host: str, _port: int) -> list[str]:
        return ["8.8.8.8", "192.168.0.1"]

    with pytest.raises(AddressForbidden):
        await STRICT.addresses("hooks.example.com", 443, resolve=mixed)


def test_every_way_to_write_the_metadata_address_is_refused() -> None:
    for text in ("169.254.169.254", "::ffff:169.254.169.254", "64:ff9b::169.254.169.254", "fd00:ec2::254"):
        with pytest.raises(AddressForbidden):
            STRICT.check_address(ipaddress.ip_address(text))
