"""What other channels give for the same cart at the same moment."""

from collections.abc import Sequence
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from libs.channel import Channel
from libs.rpc.channels import Channel as Registered
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_MOBILE_APP, CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from services.cart.audience.facts import NO_FACTS
from services.cart.offers.standings import Eligibility, standings_of, version_of
from services.cart.offers.values import ActiveOffer, ActiveOffers, CodeRule, OfferAudience, OfferChannels
from services.cart.pricing.channel_groups import groups_of
from services.cart.pricing.elsewhere import MOST_ELSEWHERE, prices_elsewhere
from services.cart.pricing.evaluation import Circumstances, evaluate
from services.cart.pricing.values import Price
from tests.services.cart.offer_samples import SHOES, WEB, fifth
from tests.services.cart.samples import NOON

KINDS = (CHANNEL_KIND_WEB, CHANNEL_KIND_STORE, CHANNEL_KIND_MOBILE_APP)
CHANNEL_IDS = tuple("pqrst")
REGISTERED = st.fixed_dictionaries(
    {channel_id: st.tuples(st.sampled_from(KINDS), st.sampled_from(["main", "other"])) for channel_id in CHANNEL_IDS}
).map(lambda found: [Registered(channel_id, kind, brand) for channel_id, (kind, brand) in found.items()])
PLACES = st.builds(
    OfferChannels,
    st.frozensets(st.sampled_from(KINDS), max_size=2),
    st.frozensets(st.sampled_from(CHANNEL_IDS), max_size=2),
)
OFFERS = st.lists(st.tuples(PLACES, st.sampled_from(["", "main", "other"]), st.booleans()), max_size=4).map(
    lambda found: tuple(
        fifth(f"offer_{number}", channels=places, brand=brand, combinable=combinable)
        for number, (places, brand, combinable) in enumerate(found)
    )
)


def around(channel: Registered) -> Circumstances:
    place = Channel(channel.id, channel.kind)
    return Circumstances(place, channel.brand, NOON, NO_FACTS, {}, {}, frozenset())


def elsewhere(channels: Sequence[Registered], offers: ActiveOffers) -> tuple[Price, tuple[Price, ...]]:
    """The price on the first channel, and what it is on the others."""
    circumstances = around(channels[0])
    here = evaluate(SHOES, offers, circumstances)
    return here, prices_elsewhere(SHOES, offers, circumstances, here, groups_of(channels, offers))


@given(channels=REGISTERED, found=OFFERS)
def test_each_channel_where_it_differs_is_told_with_the_price_that_it_shows_itself(
    channels: list[Registered], found: tuple[ActiveOffer, ...]
) -> None:
    offers = ActiveOffers.of(found, 1)
    here, told = elsewhere(channels, offers)
    itself = [evaluate(SHOES, offers, around(channel)) for channel in sorted(channels, key=lambda one: one.id)]
    differing = [one for one in itself if (one.total, ids(one)) != (here.total, ids(here))]
    assert told == tuple(replace(price, lines=()) for price in differing)


def test_a_thousand_stores_do_not_hide_the_app() -> None:
    stores = [Registered(f"a-store-{number:04}", CHANNEL_KIND_STORE, "main") for number in range(1000)]
    app = Registered("mobile-app", CHANNEL_KIND_MOBILE_APP, "main")
    offers = ActiveOffers.of(
        [
            fifth("stores", channels=OfferChannels(kinds=frozenset({CHANNEL_KIND_STORE}))),
            fifth("app", channels=OfferChannels(kinds=frozenset({CHANNEL_KIND_MOBILE_APP}))),
        ],
        1,
    )
    _, told = elsewhere([Registered(WEB.id, WEB.kind, "main"), *stores, app], offers)
    assert [price.channel.id for price in told] == [*(store.id for store in stores[: MOST_ELSEWHERE - 1]), app.id]


def test_the_list_of_offers_has_another_number_whenever_it_is_another_list() -> None:
    coded = fifth("coded", code_rule=CodeRule.SINGLE_USE)
    offers = ActiveOffers.of([coded, fifth("known", audience=OfferAudience(known=True)), fifth("limited")], 3)

    def standing(codes: dict[str, str], used_up: frozenset[str] = frozenset()) -> tuple[dict[str, Eligibility], int]:
        found = standings_of(SHOES, offers, NO_FACTS, codes=codes, used_up=used_up)
        return {one.offer.offer_id: one.eligibility for one in found}, version_of(found, (5, 3, 0))

    without, first = standing({})
    opened, second = standing({"AB1": "coded"})
    gone, third = standing({}, frozenset({"limited"}))
    assert without == {"coded": Eligibility.NEEDS_CODE, "limited": Eligibility.ELIGIBLE}
    assert opened == {"coded": Eligibility.ELIGIBLE, "limited": Eligibility.ELIGIBLE}
    assert gone == {"coded": Eligibility.NEEDS_CODE, "limited": Eligibility.USED_UP}
    assert len({first, second, third}) == 3
    assert version_of(standings_of(SHOES, offers, NO_FACTS, codes={}, used_up=frozenset()), (6, 3, 0)) > max(
        first, second, third
    )


def ids(price: Price) -> list[str]:
    return [offer.offer_id for offer in price.applied]
