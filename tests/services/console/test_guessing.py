"""What an agent types is read in every way that it can be meant."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnithread.profile.v1.profile_pb2 import IDENTIFIER_KIND_EMAIL
from services.console.customers.guessing import KINDS, guesses


@pytest.mark.parametrize(
    ("typed", "first"),
    [
        ("clara@example.com", "e-mail address"),
        ("  clara@example.com ", "e-mail address"),
        ("+49 30 123456", "telephone number"),
        ("0049 30 123456", "telephone number"),
        ("4711-0042", "loyalty card"),
        ("instagram:clara.w", "social account"),
        ("cus_01m8an02gbrez1pnkm8k1184km", "customer id"),
        ("visitor-1", "loyalty card"),
    ],
)
def test_the_likeliest_reading_comes_first(typed: str, first: str) -> None:
    assert guesses(typed)[0].words == first


def test_a_number_may_be_a_card_a_telephone_or_a_customer() -> None:
    assert {guess.words for guess in guesses("030 123456")} >= {"telephone number", "loyalty card"}
    assert {guess.words for guess in guesses("4711")} >= {"loyalty card", "customer id", "cookie"}


def test_what_the_agent_says_it_is_is_believed() -> None:
    [guess] = guesses("4711", IDENTIFIER_KIND_EMAIL)
    assert guess.words == "e-mail address"


@given(st.text(max_size=300), st.sampled_from([0, *(number for number, _ in KINDS)]))
def test_whatever_is_typed_is_asked_for_a_few_times_at_most(typed: str, kind: int) -> None:
    found = guesses(typed, kind)
    assert len(found) <= 6
    for guess in found:
        assert guess.customer_id or (guess.identifier and 1 <= len(guess.identifier.value) <= 254)


@pytest.mark.parametrize("typed", ["", "   ", "x" * 255, "a\x00b"])
def test_what_names_nobody_is_not_asked_for(typed: str) -> None:
    assert guesses(typed) == []
