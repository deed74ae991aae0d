from google.protobuf.message import Message
from hypothesis import given, settings
from hypothesis import strategies as st

from libs.errors import (
    OmnithreadError,
    deadline_exceeded,
    dependency_unavailable,
    overloaded,
    record_too_large,
)
from libs.rpc.status import internal_error
from omnithread.cart.v1.cart_pb2 import Cart
from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1 import context_pb2
from omnithread.messaging.v1.messaging_pb2 import MessagingOverview
from omnithread.preference.v1.preference_pb2 import Preferences
from omnithread.profile.v1.profile_pb2 import Profile
from services.aggregator.context import (
    ALL_SECTIONS,
    ContextRead,
    Problem,
    SectionRead,
    assemble,
    problem_of,
    wanted_sections,
)

MESSAGES: dict[int, Message] = {
    context_pb2.SECTION_PROFILE: Profile(customer_id="cus_1", given_name="Mia"),
    context_pb2.SECTION_CART: context_pb2.CartSection(cart=Cart(cart_id="crt_1")),
    context_pb2.SECTION_PREFERENCES: Preferences(language="de"),
    context_pb2.SECTION_MESSAGING: MessagingOverview(queued_count=1),
    context_pb2.SECTION_JOURNEY: context_pb2.JourneySection(),
    context_pb2.SECTION_OFFERS: context_pb2.OffersSection(),
}


def read(section: int, version: int = 1, epoch: str = "epoch-1") -> SectionRead:
    return SectionRead(section, "cus_1", version, Head(epoch=epoch, seq=version), MESSAGES[section])


EVERYTHING = [read(section) for section in sorted(ALL_SECTIONS)]


@settings(deadline=None)  # the machine may be busy with other things
@given(order=st.permutations(EVERYTHING))
def test_the_context_has_the_same_bytes_in_whatever_order_the_services_answered(order: list[SectionRead]) -> None:
    expected = assemble("cus_1", EVERYTHING, wanted=ALL_SECTIONS).SerializeToString()
    assert assemble("cus_1", order, wanted=ALL_SECTIONS).SerializeToString() == expected


def test_versions_are_named_by_section_and_a_section_without_content_is_still_there() -> None:
    context = assemble("cus_1", EVERYTHING, wanted=ALL_SECTIONS)
    assert [entry.section for entry in context.versions] == sorted(ALL_SECTIONS)
    assert context.HasField("journey")


def test_only_what_was_asked_for_is_in_the_context() -> None:
    context = assemble("cus_1", EVERYTHING, wanted=frozenset({context_pb2.SECTION_CART}))
    assert context.HasField("cart")
    assert not context.HasField("profile")
    assert [entry.section for entry in context.versions] == [context_pb2.SECTION_CART]


def test_the_etag_stands_for_customer_sections_versions_and_the_databases_epochs() -> None:
    wanted = frozenset({context_pb2.SECTION_PROFILE, context_pb2.SECTION_CART})
    profile, cart = read(context_pb2.SECTION_PROFILE), read(context_pb2.SECTION_CART)
    etags = [
        assemble("cus_1", [profile, cart], wanted=wanted).etag,
        assemble("cus_2", [profile, cart], wanted=wanted).etag,
        assemble("cus_1", [profile, read(context_pb2.SECTION_CART, version=2)], wanted=wanted).etag,
        assemble("cus_1", [profile, read(context_pb2.SECTION_CART, epoch="epoch-2")], wanted=wanted).etag,
        assemble("cus_1", [profile], wanted=wanted).etag,
        assemble("cus_1", [profile, cart], wanted=ALL_SECTIONS).etag,
    ]
    assert len(set(etags)) == len(etags)
    assert assemble("cus_1", [cart, profile], wanted=wanted).etag == etags[0]


def test_asking_for_nothing_in_particular_is_asking_for_all() -> None:
    assert wanted_sections([]) == ALL_SECTIONS
    assert wanted_sections([context_pb2.SECTION_CART]) == {context_pb2.SECTION_CART}


def test_problems_are_named_by_section_with_their_reason() -> None:
    section = context_pb2.SECTION_CART
    reasons: list[tuple[OmnithreadError, int]] = [
        (dependency_unavailable("cart"), context_pb2.SECTION_PROBLEM_REASON_UNAVAILABLE),
        (overloaded(retry_seconds=1), context_pb2.SECTION_PROBLEM_REASON_UNAVAILABLE),
        (record_too_large(), context_pb2.SECTION_PROBLEM_REASON_FAILED),
        (deadline_exceeded(), context_pb2.SECTION_PROBLEM_REASON_DEADLINE_EXCEEDED),
        (internal_error(), context_pb2.SECTION_PROBLEM_REASON_FAILED),
    ]
    for error, reason in reasons:
        assert problem_of(section, error) == Problem(section, reason)
    behind = Problem(context_pb2.SECTION_JOURNEY, context_pb2.SECTION_PROBLEM_REASON_BEHIND, 3)
    missing = Problem(context_pb2.SECTION_CART, context_pb2.SECTION_PROBLEM_REASON_UNAVAILABLE)
    listed = ContextRead(context_pb2.CustomerContext(), (behind, missing)).problems_to_proto()
    assert [(entry.section, entry.events_behind) for entry in listed] == [(missing.section, 0), (behind.section, 3)]
