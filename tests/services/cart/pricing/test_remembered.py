"""What a cart costs is worked out again whenever anything changed that it depends on."""

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.mongo.values import Saved
from libs.rpc.channels import Channel as Registered
from libs.rpc.channels import ChannelRegistry
from libs.timestamps import EPOCH
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from services.cart.audience.facts import AudienceFacts
from services.cart.offers.values import ActiveOffers, OfferChannels, OfferWindow
from services.cart.pricing.channel_groups import groups_of
from services.cart.pricing.circumstances import Circumstances
from services.cart.pricing.operations import Pricing
from services.cart.pricing.remembered import MOST_LINES, Basis, RememberedPrices
from services.cart.values import Cart
from tests.services.cart.offer_samples import SHOES, WEB, fifth
from tests.services.cart.samples import NOON, article, cart_of

SHOP = Registered("web-shop", CHANNEL_KIND_WEB, "main")
STORE = Registered("store-042", CHANNEL_KIND_STORE, "main")
OFFERS = ActiveOffers.of([fifth()], 1)


def saved(cart: Cart = SHOES) -> Saved[Cart]:
    return Saved(
        customer_id="cus_ann",
        state=cart,
        version=1,
        seq=1,
        epoch="epo_1",
        update_time=EPOCH,
        lineage=("cus_ann",),
        pending_members=(),
        exists=True,
    )


BASIS = Basis(
    saved=saved(),
    offers=OFFERS,
    asking=SHOP,
    groups=groups_of([SHOP, STORE], OFFERS),
    circumstances=Circumstances(WEB, "main", NOON, AudienceFacts(), {}, {}, frozenset()),
    ended={},
)


def around(**changed: object) -> Callable[[Basis], Basis]:
    return lambda basis: replace(basis, circumstances=replace(basis.circumstances, **changed))  # type: ignore[arg-type]


CHANGES: dict[str, Callable[[Basis], Basis]] = {
    "the record was read anew": lambda basis: replace(basis, saved=replace(basis.saved)),
    "the offers were read anew": lambda basis: replace(basis, offers=replace(basis.offers)),
    "channels were registered": lambda basis: replace(basis, groups=groups_of([SHOP], basis.offers)),
    "the channel was registered anew": lambda basis: replace(basis, asking=replace(SHOP)),
    "a code's offer ended": lambda basis: replace(basis, ended={"SPRING": "fifth"}),
    "other facts are known": around(facts=AudienceFacts(known=True)),
    "a code can be used": around(codes={"SPRING": "fifth"}),
    "a code was used": around(used_codes={"SPRING": "fifth"}),
    "an offer is used up": around(used_up=frozenset({"fifth"})),
    "another brand": around(brand="other"),
}


def test_the_same_again_is_remembered_though_time_goes_on() -> None:
    remembered: RememberedPrices[str] = RememberedPrices()
    remembered.keep(BASIS, "then")
    assert remembered.find(around(now=NOON + timedelta(days=1))(BASIS)) == "then"


@pytest.mark.parametrize("what", CHANGES)
def test_any_change_of_what_it_depends_on_is_a_reason_to_work_it_out_again(what: str) -> None:
    remembered: RememberedPrices[str] = RememberedPrices()
    remembered.keep(BASIS, "then")
    assert remembered.find(CHANGES[what](BASIS)) is None


def test_another_channel_of_the_same_customer_has_its_own() -> None:
    remembered: RememberedPrices[str] = RememberedPrices()
    at_store = replace(around(channel=replace(WEB, id="store-042"))(BASIS), asking=STORE)
    remembered.keep(BASIS, "at the shop")
    remembered.keep(at_store, "at the store")
    assert (remembered.find(BASIS), remembered.find(at_store)) == ("at the shop", "at the store")


def test_where_an_offer_has_a_window_or_the_cart_is_large_nothing_is_remembered() -> None:
    remembered: RememberedPrices[str] = RememberedPrices()
    remembered.keep(BASIS, "before")
    at_times = ActiveOffers.of([fifth(window=OfferWindow("Europe/Zurich"))], 1)
    large = cart_of(*((article(f"sku-{number}"), 1) for number in range(MOST_LINES + 1)))
    for basis in (replace(BASIS, offers=at_times), replace(BASIS, saved=saved(large))):
        remembered.keep(basis, "now")
        assert remembered.find(basis) is None
        assert remembered.find(BASIS) is None


def test_the_oldest_makes_room() -> None:
    remembered: RememberedPrices[str] = RememberedPrices(most=2)
    ann, ben, eve = (replace(BASIS, saved=replace(saved(), customer_id=name)) for name in ("ann", "ben", "eve"))
    remembered.keep(ann, "ann")
    remembered.keep(ben, "ben")
    assert remembered.find(ann) == "ann"
    remembered.keep(eve, "eve")
    assert [remembered.find(basis) for basis in (ann, ben, eve)] == ["ann", None, "eve"]


@given(st.lists(st.tuples(st.sampled_from(["same", *CHANGES]), st.booleans()), max_size=12))
def test_what_is_remembered_was_worked_out_on_what_is_so_now(steps: list[tuple[str, bool]]) -> None:
    remembered: RememberedPrices[Basis] = RememberedPrices()
    basis = BASIS
    for what, keep in steps:
        basis = CHANGES[what](basis) if what in CHANGES else basis
        known = remembered.find(basis)
        assert known is None or known.is_as(basis)
        if keep:
            remembered.keep(basis, basis)


class Book:
    """Offers that count, and stay."""

    def __init__(self, offers: ActiveOffers) -> None:
        self._offers = offers

    async def current(self) -> ActiveOffers:
        return self._offers


def pricing(offers: ActiveOffers, channels: ChannelRegistry) -> Pricing:
    """Works out prices for which nobody has to be asked."""
    nobody: Any = None
    book: Any = Book(offers)
    return Pricing(book=book, audience=nobody, codes=nobody, redemptions=nobody, channels=channels, clock=lambda: NOON)


async def test_the_same_cart_and_offers_give_the_very_same_prices() -> None:
    asked = pricing(OFFERS, ChannelRegistry({SHOP.id: SHOP}))
    record = saved()
    first = await asked.everywhere(record, SHOP.id)
    assert await asked.everywhere(record, SHOP.id) is first
    assert await asked.everywhere(saved(), SHOP.id) is not first


async def test_a_channel_that_is_registered_later_is_among_the_others_at_once() -> None:
    only_in_stores = ActiveOffers.of([fifth(channels=OfferChannels(frozenset({CHANNEL_KIND_STORE})))], 1)
    now = {SHOP.id: SHOP}
    asked = pricing(only_in_stores, ChannelRegistry({}, now=lambda: now))
    record = saved()
    assert (await asked.everywhere(record, SHOP.id)).elsewhere == ()
    now = {**now, STORE.id: STORE}
    assert [price.channel.id for price in (await asked.everywhere(record, SHOP.id)).elsewhere] == [STORE.id]
