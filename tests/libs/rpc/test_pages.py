"""A page token leads on in its own list, and nowhere else."""

import base64
import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.rpc.pages import DIGEST_BYTES, PageTokens, page_size

ORDERS = PageTokens("cart.orders")
POSITIONS = st.dictionaries(st.text(max_size=8), st.text(max_size=20) | st.integers(-(2**60), 2**60), max_size=4)


@given(position=POSITIONS, owner=st.text(max_size=10))
def test_a_position_comes_back_as_it_went(position: dict[str, str | int], owner: str) -> None:
    assert ORDERS.decode(ORDERS.encode(position, owner=owner), owner=owner) == position


def test_the_empty_token_is_the_first_page() -> None:
    assert ORDERS.decode("", owner="cus_1") is None


def test_a_token_is_of_no_use_elsewhere() -> None:
    token = ORDERS.encode({"id": "ord_1"}, owner="cus_1")
    for pages, owner in ((ORDERS, "cus_2"), (PageTokens("cart.heads"), "cus_1")):
        with pytest.raises(OmnithreadError, match="PAGE_TOKEN_INVALID"):
            pages.decode(token, owner=owner)


@given(st.text(min_size=1, max_size=60))
def test_rubbish_is_refused(token: str) -> None:
    with pytest.raises(OmnithreadError, match="PAGE_TOKEN_INVALID"):
        ORDERS.decode(token, owner="cus_1")


@pytest.mark.parametrize("body", [b"[1]", b"null", b"{", b"\xff", b"[" * 5000])
def test_a_position_that_nobody_was_given_is_refused_though_its_digest_is_right(body: bytes) -> None:
    digest = hashlib.sha256(b"cart.orders\0cus_1\0" + body).digest()[:DIGEST_BYTES]
    token = base64.urlsafe_b64encode(digest + body).decode().rstrip("=")
    with pytest.raises(OmnithreadError, match="PAGE_TOKEN_INVALID"):
        ORDERS.decode(token, owner="cus_1")


def test_a_changed_token_is_refused() -> None:
    token = ORDERS.encode({"id": "ord_1"}, owner="cus_1")
    for at in range(len(token)):
        changed = token[:at] + ("A" if token[at] != "A" else "B") + token[at + 1 :]
        with pytest.raises(OmnithreadError, match="PAGE_TOKEN_INVALID"):
            ORDERS.decode(changed, owner="cus_1")


def test_a_page_has_twenty_unless_asked_otherwise_and_a_hundred_at_most() -> None:
    assert [page_size(asked) for asked in (0, 1, 100, 101, -5)] == [20, 1, 100, 100, 20]
    assert page_size(0, default=100, most=1000) == 100
