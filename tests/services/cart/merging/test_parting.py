"""A merge of two carts is undone: whatever happened, each has their own again, and nothing is lost."""

from collections import Counter
from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.origin import Origin
from services.cart.desk.saving import move_to_cart, save_for_later
from services.cart.expiry import NotExpired, expire
from services.cart.line_values import Article, CartId, LineId
from services.cart.merging.parting import Apart, Together, part
from services.cart.merging.policies import MergePolicy
from services.cart.merging.taking_over import absorb
from services.cart.model import Act, LineChoice, add_item, remove_item, set_item_quantity
from services.cart.values import Cart
from tests.services.cart.merging.test_laws import (
    ARTICLES,
    CARTS,
    OTHER_CARTS,
    assert_sound,
    counted,
    everything,
    overdue,
)
from tests.services.cart.samples import WEB, act, article, cart_of, check_out

POLICIES = st.sampled_from(list(MergePolicy))
GUEST, ANNA = "ses_guest", "ses_anna"


def during(session: str, number: int) -> Act:
    return act(5000 + number, replace(WEB, session_id=session))


def joined(anna: Cart, guest: Cart, policy: MergePolicy = MergePolicy.SUM) -> Cart:
    change = absorb(anna, guest, merge_id="mrg_1", source_customer_id="cus_guest", act=act(4999), policy=policy)
    return change.state


def parted(now: Cart, guest: Cart, before: Cart | None, policy: MergePolicy = MergePolicy.SUM) -> Apart:
    both = Together(
        now=now, source=guest, before=before, source_sessions=frozenset({GUEST}), policy=policy, merge_id="mrg_1"
    )
    return part(both, act(6000))


def added(cart: Cart, what: Article, quantity: int, session: str, number: int) -> Cart:
    line_id, cart_id = LineId(f"lin_since_{number}"), CartId(f"crt_since_{number}")
    change = add_item(cart, what, quantity, act=during(session, number), new_cart_id=cart_id, new_line_id=line_id)
    return change.state


def in_time(cart: Cart) -> Cart:
    """The cart with the time that it is given anew where it was over."""
    return replace(cart, idle_due_time=act(6000).idle_due_time) if cart.idle_due_time else cart


def unlocked(cart: Cart) -> Cart:
    """The cart of who was merged away: no lock is still of use."""
    return replace(in_time(cart), lock=None)


@settings(max_examples=150, deadline=None)
@given(CARTS, OTHER_CARTS, POLICIES)
def test_undone_at_once_both_have_what_they_had_under_any_policy(anna: Cart, guest: Cart, policy: MergePolicy) -> None:
    apart = parted(joined(anna, guest, policy), guest, anna, policy)
    assert (apart.survivor, apart.source) == (in_time(anna), unlocked(guest))


@settings(max_examples=150, deadline=None)
@given(
    CARTS,
    OTHER_CARTS,
    POLICIES,
    st.lists(st.tuples(ARTICLES, st.integers(1, 9), st.sampled_from([GUEST, ANNA])), max_size=6),
)
def test_what_was_added_since_is_with_the_side_that_added_it(
    anna: Cart, guest: Cart, policy: MergePolicy, words: list[tuple[Article, int, str]]
) -> None:
    now = joined(anna, guest, policy)
    put_in: Counter[Article] = Counter()
    by_one: dict[Article, set[str]] = {}
    for number, (what, quantity, session) in enumerate(words):
        try:
            now = added(now, what, quantity, session, number)
        except OmnithreadError:
            continue
        put_in[what] += quantity
        by_one.setdefault(what, set()).add(session)
    apart = parted(now, guest, anna, policy)
    for cart in (apart.survivor, apart.source):
        assert_sound(cart)
    assert everything(apart.survivor) + everything(apart.source) == everything(anna) + everything(guest) + put_in
    for what, sessions in by_one.items():
        if sessions == {GUEST}:
            assert everything(apart.source)[what] == everything(guest)[what] + put_in[what]
        if sessions == {ANNA}:
            assert everything(apart.survivor)[what] == everything(anna)[what] + put_in[what]


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["add", "add", "set", "remove", "pay", "save", "back", "expire"]),
        ARTICLES,
        st.integers(1, 9),
        st.sampled_from([GUEST, ANNA]),
    ),
    max_size=8,
)


def stepped(cart: Cart, number: int, verb: str, what: Article, quantity: int, session: str) -> Cart:
    choice = LineChoice(line_id=next((line.line_id for line in cart.lines if line.article == what), LineId("none")))
    now = during(session, number)
    try:
        if verb == "add":
            return added(cart, what, quantity, session, number)
        if verb == "set":
            return set_item_quantity(cart, choice, quantity, act=now).state
        if verb == "remove":
            return remove_item(cart, choice, act=now).state
        if verb == "save":
            return save_for_later(cart, choice, act=now).state
        if verb == "back":
            saved = next((line.line_id for line in cart.saved_lines if line.article == what), LineId("none"))
            return move_to_cart(cart, LineChoice(line_id=saved), act=now).state
        order_id, cart_id = f"ord_since_{number}", CartId(f"crt_since_{number}")
        if verb == "expire":
            return expire(overdue(cart, now.time), now=now.time, new_cart_id=cart_id).state
        return check_out(cart, act=now, order_id=order_id, new_cart_id=cart_id).state
    except (OmnithreadError, NotExpired):
        return cart


@settings(max_examples=150, deadline=None)
@given(CARTS, OTHER_CARTS, POLICIES, STEPS, st.booleans())
def test_whatever_happened_both_carts_are_sound_and_no_article_is_lost(
    anna: Cart, guest: Cart, policy: MergePolicy, steps: list[tuple[str, Article, int, str]], kept: bool
) -> None:
    now = joined(anna, guest, policy)
    for number, step in enumerate(steps):
        now = stepped(now, number, *step)
    apart = parted(now, guest, anna if kept else None, policy)
    for cart in (apart.survivor, apart.source):
        assert_sound(cart)
    sides = everything(apart.survivor) + everything(apart.source)
    assert set(everything(now)) <= set(sides)
    guest_took_out = any(session == GUEST and verb in {"pay", "set"} for verb, _, _, session in steps)
    if not guest_took_out:
        assert not everything(guest) - everything(apart.source)


def test_who_bought_the_common_cart_has_the_order_and_the_other_their_own_lines_again() -> None:
    anna, guest = cart_of((article("shoe"), 2)), cart_of((article("boot"), 1), prefix="guest", cart_id="crt_guest")
    for buyer in (GUEST, ANNA):
        bought = check_out(joined(anna, guest), act=during(buyer, 1), new_cart_id="crt_new").state
        apart = parted(bought, guest, anna)
        own = {GUEST: apart.source, ANNA: apart.survivor}
        other = {GUEST: apart.survivor, ANNA: apart.source}
        assert [order.order_id for order in own[buyer].recent_orders] == ["ord_1"]
        assert not own[buyer].lines
        assert not other[buyer].recent_orders
        assert counted(other[buyer].lines) == counted({GUEST: anna, ANNA: guest}[buyer].lines)


def test_more_pieces_of_a_common_line_go_to_who_changed_it_last() -> None:
    anna, guest = cart_of((article("shoe"), 2)), cart_of((article("shoe"), 1), prefix="guest", cart_id="crt_guest")
    now = joined(anna, guest)
    choice = LineChoice(line_id=now.lines[0].line_id)
    for session, numbers in ((GUEST, (2, 5)), (ANNA, (6, 1))):
        changed = set_item_quantity(now, choice, 7, act=during(session, 1)).state
        apart = parted(changed, guest, anna)
        assert (apart.survivor.lines[0].quantity, apart.source.lines[0].quantity) == numbers
    fewer = set_item_quantity(now, choice, 2, act=during(ANNA, 1)).state
    apart = parted(fewer, guest, anna)
    assert (apart.survivor.lines[0].quantity, apart.source.lines[0].quantity) == (1, 1)


def test_two_who_shared_a_cart_id_have_one_each() -> None:
    guest = cart_of((article("boot"), 1), prefix="guest", cart_id="crt_guest")
    now = added(joined(Cart(), guest), article("shoe"), 1, ANNA, 1)
    apart = parted(now, guest, Cart())
    assert apart.source.cart_id == "crt_guest"
    assert apart.survivor.cart_id not in {"", "crt_guest"}
    assert [line.article.sku for line in apart.survivor.lines] == ["shoe"]


def test_an_undoing_reminds_nobody_of_what_they_could_not_touch() -> None:
    anna, guest = cart_of((article("shoe"), 2)), cart_of((article("boot"), 1), prefix="guest", cart_id="crt_guest")
    apart = parted(joined(anna, guest), guest, anna)
    for cart in (apart.survivor, apart.source):
        assert cart.idle_due_time == act(6000).idle_due_time
    announced = replace(joined(anna, guest), idle_due_time=None)
    assert parted(announced, guest, anna).survivor.idle_due_time is None


def test_the_visit_of_the_last_act_stays_with_its_side() -> None:
    anna, guest = cart_of((article("shoe"), 2)), cart_of((article("boot"), 1), prefix="guest", cart_id="crt_guest")
    now = added(joined(anna, guest), article("sock"), 1, GUEST, 1)
    apart = parted(now, guest, anna)
    assert apart.source.last_origin == Origin(WEB.channel_id, WEB.channel_kind, session_id=GUEST)
    assert apart.survivor.last_origin == anna.last_origin
