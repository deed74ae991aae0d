"""What goes back beside the lines when a merge of two carts is undone: each has their own, and no account is lost."""

from dataclasses import replace
from datetime import timedelta

from services.cart.audit.accounting import balance, pieces
from services.cart.desk.locking import LockWish, lock_cart
from services.cart.desk.notes import MAX_NOTES, add_note, remove_note
from services.cart.desk.saving import move_to_cart, save_for_later
from services.cart.model import LineChoice, clear
from services.cart.values import Cart, PastState, Redemption
from tests.services.cart.merging.test_parting import ANNA, GUEST, added, during, joined, parted
from tests.services.cart.samples import STORE, act, article, cart_of, check_out

LONG = LockWish("Looking for your size", timedelta(minutes=30))


def annas() -> Cart:
    return cart_of((article("shoe"), 2))


def guests() -> Cart:
    return cart_of((article("boot"), 1), prefix="guest", cart_id="crt_guest")


def noted(cart: Cart, *names: str, start: int = 0) -> Cart:
    for number, name in enumerate(names, start=start):
        cart = add_note(cart, f"note {name}", act=act(number), note_id=name).state
    return cart


def notes(cart: Cart) -> list[str]:
    return [note.note_id for note in cart.notes]


def test_the_notes_of_both_are_read_in_their_order_and_each_has_their_own_again() -> None:
    anna, guest = noted(annas(), "a1", "a2"), noted(guests(), "g1", start=1)
    now = joined(anna, guest)
    assert notes(now) == ["a1", "a2", "g1"]
    now = remove_note(noted(now, "new", start=5000), "a1", act=during(ANNA, 2)).state
    apart = parted(now, guest, anna)
    assert (notes(apart.survivor), notes(apart.source)) == (["a2", "new"], ["g1"])


def test_of_many_notes_the_newest_are_kept() -> None:
    anna = noted(annas(), *(f"a{number}" for number in range(MAX_NOTES)))
    guest = noted(guests(), "g_old", "g_new", start=MAX_NOTES - 1)
    assert notes(joined(anna, guest)) == [*(f"a{number}" for number in range(2, MAX_NOTES)), "g_old", "g_new"]
    assert notes(parted(joined(anna, guest), guest, anna).survivor) == notes(anna)


def test_a_lock_on_the_cart_that_remains_stays_and_that_on_the_other_ends() -> None:
    def locked(cart: Cart) -> Cart:
        return lock_cart(cart, LONG, act=act(10, STORE)).state

    assert joined(locked(annas()), guests()).lock == locked(annas()).lock
    assert joined(annas(), locked(guests())).lock is None
    apart = parted(joined(annas(), locked(guests())), locked(guests()), annas())
    assert (apart.survivor.lock, apart.source.lock) == (None, None)


def test_a_merged_cart_is_among_the_past_ones_with_its_account_until_the_merge_is_undone() -> None:
    anna, guest = annas(), guests()
    now = joined(anna, guest)
    (past,) = now.past_carts
    assert (past.cart_id, past.state, past.left) == ("crt_guest", PastState.MERGED, 1)
    assert past.tally == guest.tally
    assert (now.tally.added, now.tally.merged, balance(now.tally)) == (2, 1, 3)
    apart = parted(now, guest, anna)
    assert (apart.survivor.past_carts, apart.source.past_carts) == ((), ())
    assert (apart.survivor.tally, apart.source.tally) == (anna.tally, guest.tally)


def test_a_cart_that_goes_on_under_the_guests_id_has_the_guests_account_too() -> None:
    guest = guests()
    now = joined(Cart(), guest)
    assert (now.cart_id, now.past_carts, now.tally) == ("crt_guest", (), guest.tally)
    cleared = clear(now, act=during(ANNA, 1)).state
    apart = parted(cleared, guest, Cart())
    for cart in (apart.survivor, apart.source):
        assert balance(cart.tally) == pieces(cart)
    assert apart.source.tally == guest.tally


def test_who_bought_has_the_order_counted_and_the_past_cart() -> None:
    for buyer in (GUEST, ANNA):
        bought = check_out(joined(annas(), guests()), act=during(buyer, 1), new_cart_id="crt_new").state
        assert bought.order_count == 1
        apart = parted(bought, guests(), annas())
        own, other = (apart.source, apart.survivor) if buyer == GUEST else (apart.survivor, apart.source)
        assert (own.order_count, other.order_count) == (1, 0)
        assert [(past.cart_id, past.order_id) for past in own.past_carts] == [("crt_1", "ord_1")]
        assert other.past_carts == ()
        for cart in (own, other):
            assert balance(cart.tally) == pieces(cart)


def test_counts_codes_and_bars_are_joined_and_told_apart_again() -> None:
    anna = replace(
        annas(),
        order_count=4,
        offer_codes=("TEN", "SHOES"),
        redemptions=(Redemption("off_1", 2),),
        barred_order_ids=("ord_a",),
    )
    guest = replace(
        guests(),
        order_count=1,
        offer_codes=("SHOES", "BOOTS"),
        redemptions=(Redemption("off_1", 1), Redemption("off_2", 1)),
        barred_order_ids=("ord_g",),
    )
    now = joined(anna, guest)
    assert (now.order_count, now.offer_codes) == (5, ("TEN", "SHOES", "BOOTS"))
    assert now.redemptions == (Redemption("off_1", 3), Redemption("off_2", 1))
    assert now.barred_order_ids == ("ord_a", "ord_g")
    since = replace(
        now,
        offer_codes=("SHOES", "BOOTS", "NEW"),
        redemptions=(Redemption("off_1", 4), Redemption("off_2", 1)),
        barred_order_ids=("ord_new", *now.barred_order_ids),
    )
    apart = parted(since, guest, anna)
    assert (apart.survivor.order_count, apart.source.order_count) == (4, 1)
    assert (apart.survivor.offer_codes, apart.source.offer_codes) == (("SHOES", "NEW"), ("SHOES", "BOOTS"))
    assert apart.survivor.redemptions == (Redemption("off_1", 3),)
    assert apart.source.redemptions == guest.redemptions
    assert "ord_new" in apart.survivor.barred_order_ids
    assert apart.source.barred_order_ids == ("ord_new", "ord_g")


def test_a_line_that_was_moved_since_is_again_where_it_was() -> None:
    anna = save_for_later(
        cart_of((article("shoe"), 2), (article("cap"), 1)), LineChoice(line_id="lin_1"), act=act(3)
    ).state
    guest = guests()
    now = save_for_later(joined(anna, guest), LineChoice(line_id="guest_0"), act=during(ANNA, 1)).state
    now = move_to_cart(now, LineChoice(line_id="lin_1"), act=during(GUEST, 2)).state
    apart = parted(now, guest, anna)
    assert [line.line_id for line in apart.survivor.lines] == ["lin_0"]
    assert [line.line_id for line in apart.survivor.saved_lines] == ["lin_1"]
    assert ([line.line_id for line in apart.source.lines], apart.source.saved_lines) == (["guest_0"], ())


def test_what_was_saved_since_is_with_the_side_that_added_it() -> None:
    anna, guest = annas(), guests()
    now = joined(anna, guest)
    for number, session in enumerate((GUEST, ANNA)):
        now = added(now, article(f"hat-{session}"), 1, session, number)
        now = save_for_later(now, LineChoice(sku=f"hat-{session}"), act=during(session, number)).state
    apart = parted(now, guest, anna)
    assert [line.article.sku for line in apart.source.saved_lines] == [f"hat-{GUEST}"]
    assert [line.article.sku for line in apart.survivor.saved_lines] == [f"hat-{ANNA}"]
