"""What offers look at: the audience facts that cart asks for."""

from datetime import UTC, datetime

from libs.timestamps import to_timestamp
from omnithread.profile.v1 import profile_internal_service_pb2 as pb
from omnithread.profile.v1.profile_pb2 import CUSTOMER_KIND_ANONYMOUS, CUSTOMER_KIND_KNOWN, Trait
from services.profile.audience import value_as_text
from tests.services.profile.reception import Reception, cookie, email, identify, refusal, text


async def test_only_the_traits_that_offers_name_leave_profile_and_they_do_as_text(reception: Reception) -> None:
    known = await reception.web.Identify(
        identify(
            email(),
            traits=[
                text("tier", "gold"),
                text("diary", "nobody's business"),
                Trait(name="member", bool_value=True),
                Trait(name="score", number_value=12.5),
                Trait(name="since", time_value=to_timestamp(datetime(2026, 11, 25, 10, tzinfo=UTC))),
            ],
        )
    )
    asked = pb.GetAudienceFactsRequest(
        customer_id=known.profile.customer_id, trait_names=["tier", "member", "score", "since", "unheard_of"]
    )
    facts = await reception.internal_of_cart.GetAudienceFacts(asked)
    assert (facts.customer_id, facts.kind) == (known.profile.customer_id, CUSTOMER_KIND_KNOWN)
    assert [(trait.name, trait.value) for trait in facts.traits] == [
        ("member", "true"),
        ("score", "12.5"),
        ("since", "2026-11-25T10:00:00Z"),
        ("tier", "gold"),
    ]
    assert (facts.version, facts.head) == (known.profile.version, known.head)


async def test_a_merged_guests_facts_are_those_of_the_one_who_remains(reception: Reception) -> None:
    guest = (await reception.web.Identify(identify(cookie()))).profile.customer_id
    asked = pb.GetAudienceFactsRequest(customer_id=guest)
    assert (await reception.internal_of_cart.GetAudienceFacts(asked)).kind == CUSTOMER_KIND_ANONYMOUS

    merged_away, joined = await reception.merged()
    answer = await reception.internal_of_cart.GetAudienceFacts(pb.GetAudienceFactsRequest(customer_id=merged_away))
    assert (answer.customer_id, answer.kind) == (joined.profile.customer_id, CUSTOMER_KIND_KNOWN)


async def test_nobody_has_no_facts(reception: Reception) -> None:
    refused = await refusal(
        reception.internal_of_cart.GetAudienceFacts(pb.GetAudienceFactsRequest(customer_id="nobody"))
    )
    assert refused.reason == "CUSTOMER_NOT_FOUND"


def test_a_number_is_written_as_people_write_it() -> None:
    assert [value_as_text(value) for value in (12.0, 0.1, -3.0, False)] == ["12", "0.1", "-3", "false"]
