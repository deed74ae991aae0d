"""Tokens of links: what they say comes back, nobody else reads it, and what was changed on its way is none of ours."""

import json
import string
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import pytest
from cryptography.fernet import Fernet
from hypothesis import given
from hypothesis import strategies as st

from omnithread.common.v1 import delivery_pb2
from services.preference.links.standing import label_of, masked
from services.preference.links.tokens import Link, LinkKind, LinkTokens, parse_keys, watch_keys
from services.preference.values import ConsentKey

BASE64URL = string.ascii_letters + string.digits + "-_"
OLD, NEW = Fernet.generate_key().decode(), Fernet.generate_key().decode()
LINK = Link(
    kind=LinkKind.UNSUBSCRIBE,
    customer_id="cus_anna",
    key=ConsentKey("newsletter", delivery_pb2.DELIVERY_KIND_EMAIL, "änna@exämple.com"),
    expire_time=datetime(2028, 11, 24, 12, tzinfo=UTC),
    message_id="msg_1",
    brand="main",
    language="de-CH",
)


def tokens(folder: Path, *keys: str) -> LinkTokens:
    file = folder / f"{len(keys)}-{keys[0][:8]}.json"
    file.write_text(json.dumps({"keys": keys}), encoding="utf-8")
    return LinkTokens(watch_keys(file), base_url="https://my.example/")


def test_a_token_says_what_was_put_in_and_shows_nothing_of_it(tmp_path: Path) -> None:
    ours = tokens(tmp_path, NEW)
    url = ours.url(LINK)
    token = url.removeprefix("https://my.example/u/")
    assert ours.read(token) == LINK
    assert "anna" not in url
    assert "exämple" not in repr(LINK)


def test_an_older_key_still_reads_and_a_strangers_token_is_none(tmp_path: Path) -> None:
    before, rotated, others = tokens(tmp_path, OLD), tokens(tmp_path, NEW, OLD), tokens(tmp_path, NEW)
    assert rotated.read(before.make(LINK)) == LINK
    assert others.read(before.make(LINK)) is None


@given(st.integers(0, 2_000), st.integers(1, len(BASE64URL) - 1), st.text("ABCabc012-_=", max_size=200))
def test_a_token_that_was_changed_or_made_up_is_none(
    tmp_path_factory: pytest.TempPathFactory, place: int, further: int, made_up: str
) -> None:
    ours = tokens(tmp_path_factory.getbasetemp(), NEW)
    token = ours.make(LINK)
    at = place % len(token)
    other = BASE64URL[(BASE64URL.index(token[at]) + further) % len(BASE64URL)]
    assert ours.read(token[:at] + other + token[at + 1 :]) is None
    assert ours.read(made_up) is None


@pytest.mark.parametrize("length", range(4))
def test_a_link_has_one_spelling_and_loses_nothing_where_its_padding_is_cut_off(tmp_path: Path, length: int) -> None:
    ours = tokens(tmp_path, NEW)
    link = replace(LINK, message_id="m" * length * 16)
    token = ours.make(link)
    assert not token.endswith("=")
    assert ours.read(token + "=" * (-len(token) % 4)) == link  # as they were made before
    spellings = {token[:at] + extra + token[at:] for at in range(len(token)) for extra in ("=", "==", "====", ".", " ")}
    assert [one for one in {*spellings, token + "=" * 4, token + "=" * 5} if ours.read(one) is not None] == []


def test_the_longest_token_fits_into_an_address(tmp_path: Path) -> None:
    key = ConsentKey("p" * 64, delivery_pb2.DELIVERY_KIND_EMAIL, "ä" * 127 + "@example.com")
    longest = Link(LinkKind.CONFIRM, "c" * 64, key, LINK.expire_time, "m" * 64, "n" * 64, "b" * 64, "l" * 35)
    assert len(tokens(tmp_path, NEW).make(longest)) <= 1200


@pytest.mark.parametrize("text", ["{}", '{"keys": []}', '{"keys": ["short"]}', '{"keys": [1]}', "[]", "nonsense"])
def test_a_file_of_keys_that_is_no_good_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  of many kinds
        parse_keys(text)


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("anna@example.com", "a***@e***.com"),
        ("a@b.co.uk", "a***@b***.uk"),
        ("+41446681817", "***17"),
        ("12", ""),
        ("", ""),
    ],
)
def test_an_address_is_shown_so_that_only_its_holder_knows_it(address: str, shown: str) -> None:
    assert masked(address) == shown


@pytest.mark.parametrize(
    ("language", "labels", "called"),
    [
        ("de-CH", {"en": "News", "de": "Neues"}, "Neues"),
        ("fr", {"en": "News", "de": "Neues"}, "News"),
        ("fr", {"de": "Neues"}, "Neues"),
        ("", {}, "Cart reminder"),
    ],
)
def test_a_purpose_is_called_in_the_readers_language_or_one_near_it(
    language: str, labels: dict[str, str], called: str
) -> None:
    assert label_of("cart_reminder", labels, language) == called
