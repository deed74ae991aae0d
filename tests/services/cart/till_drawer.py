"""Codes and limits over an empty database, with two replicas and a clock that the test moves."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.mongo.connection import Database, connect, database
from libs.mongo.migrate import migrate
from services.cart.line_values import LineId
from services.cart.money import Money
from services.cart.offers.values import ActiveOffer, ActiveOffers, CodeRule, OfferTerms, PercentageOff
from services.cart.pricing.values import AppliedOffer, LinePrice, Price
from services.cart.redemption import code_tries as codes_tries
from services.cart.redemption import codes
from services.cart.redemption import counters as redemption_counters
from services.cart.redemption.codes import Codes
from services.cart.redemption.counters import RedemptionCounters
from services.cart.redemption.operations import Redemptions
from tests.services.cart.samples import NOON, act

NOTHING = Money(0, "CHF")


class MovedClock:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = NOON

    def __call__(self) -> datetime:
        return self.now

    def move(self, **amount: float) -> None:
        self.now += timedelta(**amount)


@dataclass(frozen=True, slots=True)
class Drawer:
    """The codes and limits of a company."""

    database: Database
    clock: MovedClock
    one: Redemptions
    other: Redemptions
    """Another replica's."""

    async def states(self) -> dict[str, str]:
        """Give what became of each code."""
        documents = await self.database[codes.OFFER_CODES].find({}).to_list(None)
        return {document["_id"]: document["state"] for document in documents}


@asynccontextmanager
async def drawer_at(mongo_uri: str, prefix: str) -> AsyncIterator[Drawer]:
    """Give an empty one."""
    client = connect(mongo_uri, app_name="test")
    place, clock = database(client, f"{prefix}_drawer"), MovedClock()
    await migrate(place, (*codes.INDEXES, *codes_tries.INDEXES, *redemption_counters.INDEXES), new_epoch="epo_test")

    def replica() -> Redemptions:
        return Redemptions(Codes(place, clock=clock), RedemptionCounters(place, clock=clock))

    yield Drawer(place, clock, replica(), replica())
    await client.drop_database(place.name)
    client.close()


def offers_of(**terms: OfferTerms) -> ActiveOffers:
    """Give offers that count."""
    return ActiveOffers.of([ActiveOffer(offer_id, 1, its) for offer_id, its in terms.items()], edition=1)


def terms(code_rule: CodeRule = CodeRule.NONE, *, most: int = 0, shared_code: str = "") -> OfferTerms:
    """Give 10 % off."""
    return OfferTerms(
        name="Ten off",
        benefit=PercentageOff(1000),
        code_rule=code_rule,
        max_redemptions=most,
        shared_code=shared_code,
    )


def price_with(**offer_codes: str) -> Price:
    """Give a price in which these offers count, each with the code that opened it, or none."""
    line = LinePrice(LineId("lin_0"), NOTHING, (), NOTHING, NOTHING)
    return Price(
        channel=act().channel,
        time=NOON,
        lines=(line,),
        gifts=(),
        subtotal=NOTHING,
        discount_total=NOTHING,
        delivery_fee=None,
        delivery_discount=NOTHING,
        tax_total=NOTHING,
        total=NOTHING,
        applied=tuple(AppliedOffer(offer_id, 1, offer_id, NOTHING, code) for offer_id, code in offer_codes.items()),
    )
