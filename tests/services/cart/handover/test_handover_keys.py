"""Tokens by themselves: who can make one, and what is told of it."""

import json
import secrets

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.cart.handover.keys import HandoverKey, HandoverKeys, handover_id_for, parse_keys

OLD, NEW = HandoverKey(1, b"o" * 32), HandoverKey(2, b"n" * 32)
BOTH = HandoverKeys((NEW, OLD))
HANDOVER_ID = handover_id_for("cus_1", "request-0123456789")
CHARACTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"


def test_a_token_leads_to_its_hand_over_whichever_key_made_it() -> None:
    assert {BOTH.handover_id_of(key.token(HANDOVER_ID)) for key in (OLD, NEW)} == {HANDOVER_ID}
    assert HandoverKeys((NEW,)).handover_id_of(OLD.token(HANDOVER_ID)) is None


def test_a_key_of_the_same_number_with_another_secret_makes_no_token_of_ours() -> None:
    assert BOTH.handover_id_of(HandoverKey(2, b"x" * 32).token(HANDOVER_ID)) is None


@given(place=st.integers(0, 43), character=st.sampled_from(CHARACTERS))
def test_a_token_with_any_character_changed_leads_nowhere(place: int, character: str) -> None:
    token = NEW.token(HANDOVER_ID)
    changed = token[:place] + character + token[place + 1 :]
    assert (BOTH.handover_id_of(changed) == HANDOVER_ID) == (changed == token)


@given(st.text(max_size=64) | st.text(CHARACTERS, min_size=44, max_size=44))
def test_what_was_never_made_here_leads_nowhere(text: str) -> None:
    assert BOTH.handover_id_of(text) is None


def test_a_retry_names_the_same_hand_over_and_nothing_else_does() -> None:
    assert handover_id_for("cus_1", "request-0123456789") == HANDOVER_ID
    assert handover_id_for("cus_2", "request-0123456789") != HANDOVER_ID
    assert handover_id_for("cus_1", "request-9876543210") != HANDOVER_ID


def test_digits_are_drawn_anew_until_some_are_free_and_their_hash_needs_the_key() -> None:
    drawn = {NEW.code(HANDOVER_ID, place) for place in range(20)}
    assert len(drawn) > 15
    assert all(len(code) == 6 and code.isdigit() for code in drawn)
    assert NEW.code_hash("123456") != OLD.code_hash("123456")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "[]",
        '{"keys": []}',
        json.dumps({"keys": [{"id": 1, "secret": "ab" * 31}]}),
        json.dumps({"keys": [{"id": 256, "secret": "ab" * 32}]}),
        json.dumps({"keys": [{"id": True, "secret": "ab" * 32}]}),
        json.dumps({"keys": [{"id": 1, "secret": "no hex" * 20}]}),
        json.dumps({"keys": [{"id": 1, "secret": "ab" * 32}] * 2}),
        json.dumps({"keys": [{"id": number, "secret": "ab" * 32} for number in range(9)]}),
    ],
)
def test_a_file_of_keys_that_is_no_good_is_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  what a watched file expects
        parse_keys(text)


def test_a_secret_is_not_shown() -> None:
    secret = secrets.token_hex(32)
    assert secret not in repr(parse_keys(json.dumps({"keys": [{"id": 1, "secret": secret}]})))
    assert str(bytes.fromhex(secret)) not in repr(parse_keys(json.dumps({"keys": [{"id": 1, "secret": secret}]})))
