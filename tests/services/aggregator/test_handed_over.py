"""A visit begins with what a customer carried over: whose it is, and what may be shown, for each pair of people."""

from dataclasses import dataclass
from typing import Any

import pytest
from grpc import StatusCode

from omnithread import Session
from omnithread.cart.v1.cart_pb2 import CART_STATE_ACTIVE, CART_STATE_ORDERED
from omnithread.cart.v1.cart_service_pb2 import CheckoutRequest, PickupChoice
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest, CreateHandoverResponse
from omnithread.context.v1 import context_pb2
from omnithread.context.v1 import context_service_pb2 as pb
from omnithread.profile.v1 import profile_service_pb2
from omnithread.profile.v1.identity_service_pb2 import UnmergeCustomersRequest
from omnithread.profile.v1.profile_pb2 import Identifier
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest
from services.cart.service import SERVICE as CART
from tests.services.aggregator.company import (
    FOUR,
    Company,
    company_at,
    item,
    login,
    start_of_session,
    start_stoppable,
    summaries,
    visitor,
)
from tests.services.calls import refusal, stamped
from tests.services.running import Services

PERSONAL = [
    context_pb2.SECTION_PROFILE,
    context_pb2.SECTION_PREFERENCES,
    context_pb2.SECTION_MESSAGING,
    context_pb2.SECTION_OFFERS,
]
WITHHELD = [(section, context_pb2.SECTION_PROBLEM_REASON_WITHHELD) for section in sorted(PERSONAL)]


@dataclass(frozen=True, slots=True)
class Owner:
    """Who hands over, from the web shop, with boots in the cart."""

    visit: Session
    browser: Identifier
    proof: Identifier | None

    @property
    def customer_id(self) -> str:
        return self.visit.customer_id


async def owner_of_boots(company: Company, *, known: bool) -> Owner:
    browser, proof = visitor(), login()
    visit = await company.web.start_session([browser, proof] if known else [browser])
    with visit.carry():
        await company.web.cart.AddItem(item(visit.customer_id, "boots"))
    return Owner(visit, browser, proof if known else None)


async def carried(company: Company, owner: Owner, **fields: Any) -> CreateHandoverResponse:
    with owner.visit.carry():
        return await company.web.handovers.CreateHandover(
            CreateHandoverRequest(customer_id=owner.customer_id, **fields)
        )


async def go_on(company: Company, owner: Owner, *identifiers: Identifier) -> pb.StartSessionResponse:
    """The store's tablet scans the picture; sent twice, as after a lost answer."""
    request = start_of_session(*identifiers)
    request.handover_token = (await carried(company, owner, single_use=True)).token
    first = await company.store.context.StartSession(request)
    again = await company.store.context.StartSession(request)
    assert again.replayed
    assert (again.customer_id, again.session_id, again.handover.outcome) == (
        first.customer_id,
        first.session_id,
        first.handover.outcome,
    )
    return first


def shown(answer: pb.StartSessionResponse) -> list[str]:
    return [line.sku for line in answer.context.cart.cart.lines]


def withheld(answer: pb.StartSessionResponse) -> bool:
    """Whether what is personal is left out and named; nothing else may be amiss."""
    named = [(problem.section, problem.reason) for problem in answer.problems]
    there = [section for section in PERSONAL if answer.context.HasField(FIELDS[section])]
    assert (named, there) in ((WITHHELD, []), ([], PERSONAL))
    return named == WITHHELD


FIELDS: dict[int, Any] = {
    context_pb2.SECTION_PROFILE: "profile",
    context_pb2.SECTION_PREFERENCES: "preferences",
    context_pb2.SECTION_OFFERS: "offers",
    context_pb2.SECTION_MESSAGING: "messaging",
}


async def identified_as(company: Company, identifier: Identifier) -> str:
    return (await company.web.profile.GetProfile(GetProfileRequest(identifier=identifier))).profile.customer_id


@pytest.mark.parametrize("known", [False, True], ids=["guest", "known"])
async def test_nobody_says_who_is_there_so_cart_and_journey_go_on_and_nothing_personal_is_shown(
    company: Company, known: bool
) -> None:
    owner = await owner_of_boots(company, known=known)
    answer = await go_on(company, owner)
    assert answer.handover.outcome == pb.HANDOVER_OUTCOME_CARRIED_ON
    assert (answer.customer_id, answer.journey_id) == (owner.customer_id, owner.visit.labels.journey_id)
    assert answer.outcome == profile_service_pb2.IDENTIFY_OUTCOME_UNSPECIFIED
    assert shown(answer) == ["boots"]
    assert withheld(answer)
    assert (answer.handover.cart_state, answer.handover.from_channel.id) == (CART_STATE_ACTIVE, "web-shop")
    assert answer.handover.cart_id == answer.context.cart.cart.cart_id
    told = summaries(list(answer.context.journey.recent_touchpoints))
    assert "session started" in told


async def test_a_guest_and_somebody_nobody_knew_are_one(company: Company) -> None:
    owner, proof = await owner_of_boots(company, known=False), login()
    answer = await go_on(company, owner, proof)
    assert answer.handover.outcome == pb.HANDOVER_OUTCOME_SAME_CUSTOMER
    assert answer.customer_id == owner.customer_id == await identified_as(company, proof)
    assert not withheld(answer)


async def test_a_guest_is_joined_to_the_known_customer_whom_the_identifiers_name(company: Company) -> None:
    owner, app, proof = await owner_of_boots(company, known=False), visitor(), login()
    known = await company.web.start_session([proof])
    await company.web.cart.AddItem(item(known.customer_id, "hat"))
    answer = await go_on(company, owner, app, proof)
    assert answer.handover.outcome == pb.HANDOVER_OUTCOME_JOINED
    assert answer.outcome == profile_service_pb2.IDENTIFY_OUTCOME_MERGED
    assert answer.customer_id == known.customer_id
    assert sorted(shown(answer)) == ["boots", "hat"]
    assert not withheld(answer)
    journeys = await company.web.context.ListJourneys(pb.ListJourneysRequest(customer_id=known.customer_id))
    assert len(journeys.journeys) == 1


async def test_two_guests_are_one_guest(company: Company) -> None:
    owner, browser = await owner_of_boots(company, known=False), visitor()
    other = await company.store.start_session([browser])
    answer = await go_on(company, owner, browser)
    assert answer.handover.outcome == pb.HANDOVER_OUTCOME_JOINED
    assert answer.customer_id == owner.customer_id
    assert await identified_as(company, browser) == owner.customer_id != other.customer_id
    assert not withheld(answer)


@pytest.mark.parametrize("by", ["proof", "browser", "both"])
async def test_a_known_customer_goes_on_as_themselves(company: Company, by: str) -> None:
    owner = await owner_of_boots(company, known=True)
    assert owner.proof is not None
    shows = {"proof": [owner.proof], "browser": [owner.browser], "both": [visitor(), owner.proof]}[by]
    answer = await go_on(company, owner, *shows)
    assert answer.handover.outcome == pb.HANDOVER_OUTCOME_SAME_CUSTOMER
    assert answer.customer_id == owner.customer_id
    assert not withheld(answer)


async def test_a_known_customers_hand_over_makes_no_machine_theirs(company: Company) -> None:
    owner, tablet, fresh = await owner_of_boots(company, known=True), visitor(), visitor()
    guest = await company.store.start_session([tablet])
    for machine in (tablet, fresh):
        answer = await go_on(company, owner, machine)
        assert answer.handover.outcome == pb.HANDOVER_OUTCOME_CARRIED_ON
        assert answer.customer_id == owner.customer_id
        assert withheld(answer)
    assert await identified_as(company, tablet) == guest.customer_id
    refused = await refusal(company.web.profile.GetProfile(GetProfileRequest(identifier=fresh)))
    assert refused.reason == "CUSTOMER_NOT_FOUND"


@pytest.mark.parametrize("met", [True, False], ids=["known", "new"])
async def test_a_known_customers_cart_in_the_hands_of_somebody_else(company: Company, met: bool) -> None:
    owner, app, proof = await owner_of_boots(company, known=True), visitor(), login()
    other = await company.web.start_session([proof]) if met else None
    answer = await go_on(company, owner, app, proof)
    assert answer.handover.outcome == pb.HANDOVER_OUTCOME_SOMEBODY_ELSE
    assert (answer.customer_id, shown(answer)) == (owner.customer_id, ["boots"])
    assert withheld(answer)
    for unused in (app,) if met else (app, proof):
        refused = await refusal(company.web.profile.GetProfile(GetProfileRequest(identifier=unused)))
        assert refused.reason == "CUSTOMER_NOT_FOUND"
    if other is not None:
        assert await identified_as(company, proof) == other.customer_id


async def test_who_was_parted_from_a_guest_goes_on_with_their_cart_as_somebody_else(company: Company) -> None:
    owner, proof = await owner_of_boots(company, known=False), login()
    known = await company.web.start_session([proof])
    joined = await company.web.start_session([owner.browser, proof])
    await company.call_centre.identity.UnmergeCustomers(
        stamped(
            UnmergeCustomersRequest(
                customer_id=known.customer_id,
                merge_id=joined.context.profile.merges[0].merge_id,
                reason="Two people.",
            )
        )
    )
    await company.whole_context(owner.customer_id)
    answer = await go_on(company, owner, proof)
    assert answer.handover.outcome == pb.HANDOVER_OUTCOME_SOMEBODY_ELSE
    assert answer.customer_id == owner.customer_id
    assert withheld(answer)


async def test_what_is_withheld_goes_as_far_as_past_orders_and_is_named_as_far_as_it_was_wanted(
    company: Company,
) -> None:
    owner = await owner_of_boots(company, known=True)
    token = (await carried(company, owner)).token
    order = await company.store.cart.Checkout(
        CheckoutRequest(customer_id=owner.customer_id, pickup=PickupChoice(store_id="store-042"))
    )
    request = start_of_session()
    request.handover_token = token
    request.sections.extend([context_pb2.SECTION_PROFILE, context_pb2.SECTION_CART])
    answer = await company.store.context.StartSession(request)
    assert [(problem.section, problem.reason) for problem in answer.problems] == WITHHELD[:1]
    assert (answer.handover.cart_state, answer.handover.order_id) == (CART_STATE_ORDERED, order.order.order_id)
    assert not answer.context.cart.recent_orders
    assert not answer.context.cart.cart.past_carts
    assert not answer.context.HasField("profile")
    whole = await company.context(owner.customer_id, sections=[context_pb2.SECTION_CART])
    assert whole.context.cart.recent_orders
    assert whole.context.cart.cart.past_carts
    assert whole.context.etag != answer.context.etag


async def test_six_digits_are_counted_for_the_member_of_staff_who_types_them(company: Company) -> None:
    owner = await owner_of_boots(company, known=False)
    code = (await carried(company, owner, with_code=True)).code
    typing = company.services.connect("call-centre", actor="dora")
    for number in range(10):
        refused = await refusal(typing.start_session([], handover_code=f"{(int(code) + 1 + number) % 10**6:06}"))
        assert (refused.code, refused.reason) == (StatusCode.NOT_FOUND, "HANDOVER_INVALID")
    assert (await refusal(typing.start_session([], handover_code=code))).reason == "HANDOVER_TRIES_EXCEEDED"
    visit = await company.call_centre.start_session(handover_code=code)
    assert visit.customer_id == owner.customer_id
    assert visit.handover is not None
    assert visit.handover.outcome == pb.HANDOVER_OUTCOME_CARRIED_ON


async def test_without_a_hand_over_somebody_has_to_be_named(company: Company) -> None:
    refused = await refusal(company.web.start_session([]))
    assert (refused.code, refused.reason) == (StatusCode.INVALID_ARGUMENT, "IDENTIFIER_NEEDED")
    forged = await refusal(company.web.start_session([visitor()], handover_token="forged"))
    assert (forged.code, forged.reason, forged.domain) == (
        StatusCode.NOT_FOUND,
        "HANDOVER_INVALID",
        "cart.omnithread",
    )
    plain = await company.web.start_session([visitor()])
    assert plain.handover is None


async def test_without_cart_no_hand_over_is_gone_on_with(own_services: Services) -> None:
    for service in FOUR:
        if service is not CART:
            await own_services.start(service)
    stopping = await start_stoppable(own_services, CART)
    company = await company_at(own_services)
    owner = await owner_of_boots(company, known=False)
    token = (await carried(company, owner)).token
    await stopping.aclose()
    refused = await refusal(company.store.start_session([], handover_token=token))
    assert (refused.code, refused.reason) == (StatusCode.UNAVAILABLE, "DEPENDENCY_UNAVAILABLE")
    assert refused.metadata["dependency"] == "cart"
