"""By which policy a guest's cart comes to the customer, line by line, and what the report says of it."""

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.cart.line_values import Article
from services.cart.merging.policies import MergePolicy
from services.cart.merging.taking_over import absorb
from services.cart.model import Change
from services.cart.values import Cart
from tests.services.cart.merging.test_laws import CARTS, OTHER_CARTS, assert_sound, counted
from tests.services.cart.samples import act, article, cart_of


def absorbed(survivor: Cart, source: Cart, policy: MergePolicy) -> Change:
    return absorb(survivor, source, merge_id="mrg_1", source_customer_id="cus_2", act=act(30), policy=policy)


def guest_cart(*items: tuple[Article, int]) -> Cart:
    return cart_of(*items, prefix="guest", cart_id="crt_guest")


MINE = cart_of((article("shoe"), 2), (article("sock"), 5))
THEIRS = guest_cart((article("shoe"), 3), (article("sock"), 1), (article("boot"), 1))


@pytest.mark.parametrize(
    ("policy", "numbers", "actions"),
    [
        (MergePolicy.SUM, {"shoe": 5, "sock": 6, "boot": 1}, ["summed", "summed", "kept"]),
        (MergePolicy.MAX, {"shoe": 3, "sock": 5, "boot": 1}, ["replaced", "survivor_stands", "kept"]),
        (MergePolicy.KNOWN_WINS, {"shoe": 2, "sock": 5, "boot": 1}, ["survivor_stands", "survivor_stands", "kept"]),
        (MergePolicy.GUEST_WINS, {"shoe": 3, "sock": 1, "boot": 1}, ["replaced", "replaced", "kept"]),
        (MergePolicy.GUEST_IF_EMPTY, {"shoe": 2, "sock": 5}, ["dropped", "dropped", "dropped"]),
    ],
)
def test_each_policy_does_what_its_name_says_and_reports_it(
    policy: MergePolicy, numbers: dict[str, int], actions: list[str]
) -> None:
    change = absorbed(MINE, THEIRS, policy)
    assert {line.article.sku: line.quantity for line in change.state.lines} == numbers
    assert [(thing.kind, thing.name) for thing in change.merged] == [("cart_line", f"guest_{n}") for n in range(3)]
    assert [str(thing.action) for thing in change.merged] == actions
    assert change.policy == policy


@pytest.mark.parametrize("policy", list(MergePolicy))
def test_an_empty_cart_takes_all_of_the_guests_by_any_policy(policy: MergePolicy) -> None:
    change = absorbed(Cart(), THEIRS, policy)
    assert counted(change.state.lines) == counted(THEIRS.lines)
    assert {str(thing.action) for thing in change.merged} == {"kept"}


def test_the_report_has_the_numbers_of_both_sides() -> None:
    first = absorbed(MINE, THEIRS, MergePolicy.SUM).merged[0]
    assert first.details == (
        ("quantity", "5"),
        ("sku", "shoe"),
        ("source_quantity", "3"),
        ("survivor_quantity", "2"),
    )
    assert first.why == "Its pieces were added to those of the same article."


def test_what_the_cart_cannot_take_is_reported_as_set_aside() -> None:
    guest = guest_cart((article("boot", currency_code="EUR"), 1))
    (thing,) = absorbed(MINE, guest, MergePolicy.SUM).merged
    assert (str(thing.action), thing.why) == (
        "set_aside",
        "The cart has another currency, other taxes, or no room for it.",
    )


@settings(max_examples=100, deadline=None)
@given(CARTS, OTHER_CARTS, st.sampled_from(list(MergePolicy)))
def test_no_line_vanishes_without_a_word_under_any_policy(survivor: Cart, source: Cart, policy: MergePolicy) -> None:
    change = absorbed(survivor, source, policy)
    assert_sound(change.state)
    brought = (*source.lines, *source.set_aside_lines)
    told = [(thing.kind, thing.name) for thing in change.merged]
    saved = [("saved_line", line.line_id) for line in source.saved_lines]
    assert told == [*(("cart_line", line.line_id) for line in brought), *saved]
    after = counted((*change.state.lines, *change.state.set_aside_lines))
    actions = {thing.name: str(thing.action) for thing in change.merged}
    mine = counted((*survivor.lines, *survivor.set_aside_lines))
    for line in brought:
        assert after[line.article] or actions[line.line_id] == "dropped"
        if policy is MergePolicy.MAX:
            assert after[line.article] >= max(mine[line.article], line.quantity)
    if policy is not MergePolicy.GUEST_WINS:
        assert not mine - after, "the customer who remains lost pieces"
    if policy is MergePolicy.SUM:
        assert after == mine + Counter(counted(brought))
