"""What channels and the other services ask of profile, and what they are told."""

import asyncio
from datetime import UTC, datetime

from google.type.postal_address_pb2 import PostalAddress

from libs.ids import new_id
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB
from omnithread.profile.v1 import profile_internal_service_pb2 as internal_pb
from omnithread.profile.v1 import profile_pb2
from omnithread.profile.v1 import profile_service_pb2 as pb
from omnithread.profile.v1.profile_pb2 import Identifier, Trait
from tests.services.profile.reception import Reception, card, cookie, email, identify, stamped, text, update


async def test_a_new_customer_is_told_with_all_that_was_said(reception: Reception) -> None:
    visitor, address = cookie(), email("Anna.Meier@Example.com".replace("Anna", new_id("Anna")))
    typed = Identifier(kind=profile_pb2.IDENTIFIER_KIND_PHONE, value="+41 44 668 18 00")
    answer = await reception.store.Identify(
        identify(
            visitor,
            address,
            typed,
            traits=[Trait(name="size", number_value=41), Trait(name="vip", bool_value=True), text("colour", "red")],
            given_name="Anna",
            family_name="Meier",
        )
    )
    profile = answer.profile
    assert answer.outcome == pb.IDENTIFY_OUTCOME_CREATED
    assert profile.kind == profile_pb2.CUSTOMER_KIND_KNOWN
    assert [(one.kind, one.value, one.verified) for one in profile.identifiers] == [
        (profile_pb2.IDENTIFIER_KIND_EMAIL, address.value.replace("Example", "example"), True),
        (profile_pb2.IDENTIFIER_KIND_PHONE, "+41446681800", False),
        (profile_pb2.IDENTIFIER_KIND_COOKIE, visitor.value, False),
    ]
    assert (profile.given_name, profile.family_name) == ("Anna", "Meier")
    assert [one.name for one in profile.traits] == ["colour", "size", "vip"]
    assert profile.traits[2].bool_value
    assert (profile.traits[0].channel.id, profile.traits[0].channel.kind) == ("store-042", CHANNEL_KIND_STORE)
    assert from_timestamp(profile.traits[0].update_time) <= from_timestamp(profile.create_time)
    assert (profile.version, answer.head.seq, len(profile.etag)) == (1, 3, 32)
    assert [(one.identifier.value, one.reason) for one in answer.set_aside] == [
        ("+41446681800", pb.SET_ASIDE_REASON_UNVERIFIED)
    ]
    asked = await reception.web.GetProfile(pb.GetProfileRequest(customer_id=profile.customer_id))
    assert asked == pb.GetProfileResponse(profile=profile, head=answer.head)


async def test_a_profile_is_found_by_any_identifier_that_leads_to_it(reception: Reception) -> None:
    visitor, address, scanned = cookie(), email(), card()
    customer_id = (await reception.web.Identify(identify(visitor, address, scanned))).profile.customer_id
    for identifier in (visitor, address, scanned, email(address.value.upper(), verified=False)):
        found = await reception.web.GetProfile(pb.GetProfileRequest(identifier=identifier))
        assert found.profile.customer_id == customer_id


async def test_a_guest_logs_in_and_every_way_leads_to_the_one_customer(reception: Reception) -> None:
    address, visitor = email(), cookie()
    known = await reception.web.Identify(identify(address, given_name="Anna"))
    guest = await reception.web.Identify(identify(visitor, traits=[text("looked_at", "boots")]))
    answer = await reception.store.Identify(identify(visitor, address))
    assert answer.outcome == pb.IDENTIFY_OUTCOME_MERGED
    assert answer.profile.customer_id == known.profile.customer_id
    [merge] = answer.pending_merges
    assert list(answer.profile.merges) == [merge]
    assert merge.source_customer_id == guest.profile.customer_id
    assert list(merge.pending_areas) == ["cart", "context", "messaging", "preference"]
    assert merge.channel.id == "store-042"
    assert [one.string_value for one in answer.profile.traits] == ["boots"]
    by_guests_id = await reception.profile(guest.profile.customer_id)
    by_cookie = await reception.web.GetProfile(pb.GetProfileRequest(identifier=visitor))
    assert by_guests_id == by_cookie.profile == answer.profile
    resolved = await reception.internal.ResolveCustomer(
        internal_pb.ResolveCustomerRequest(customer_id=guest.profile.customer_id)
    )
    assert resolved.customer_id == known.profile.customer_id
    batch = await reception.web.BatchGetProfiles(
        pb.BatchGetProfilesRequest(customer_ids=[guest.profile.customer_id, "cus_nobody", known.profile.customer_id])
    )
    assert [(one.requested_customer_id, one.profile) for one in batch.profiles] == [
        (guest.profile.customer_id, answer.profile),
        (known.profile.customer_id, answer.profile),
    ]
    assert batch.profiles[0].head == answer.head


async def test_the_areas_report_one_by_one_that_they_have_absorbed_a_merge(reception: Reception) -> None:
    guest, answer = await reception.merged()
    merge_id, survivor = answer.pending_merges[0].merge_id, answer.profile.customer_id
    left = ["cart", "context", "messaging", "preference"]
    for area in ("messaging", "cart", "cart", "context", "preference"):
        done = await reception.internal.CompleteMerge(
            internal_pb.CompleteMergeRequest(merge_id=merge_id, survivor_customer_id=survivor, area=area)
        )
        left = [one for one in left if one != area]
        assert list(done.pending_areas) == left
    profile = await reception.profile(guest)
    assert [list(one.pending_areas) for one in profile.merges] == [[]]
    assert profile.version == answer.profile.version + 4
    again = await reception.web.Identify(identify(*(one for one in profile.identifiers if one.verified)))
    assert (again.outcome, list(again.pending_merges)) == (pb.IDENTIFY_OUTCOME_FOUND, [])


async def test_a_merge_can_be_completed_at_a_survivor_who_was_merged_on(reception: Reception) -> None:
    first, second, address = cookie(), cookie(), email()
    one = (await reception.web.Identify(identify(first))).profile.customer_id
    await reception.web.Identify(identify(second))
    merged = await reception.web.Identify(identify(first, second))
    assert merged.profile.customer_id == one
    await reception.web.Identify(identify(address))
    known = await reception.web.Identify(identify(first, address))
    assert [merge.source_customer_id for merge in known.profile.merges][-1] == one
    assert len(known.pending_merges) == 2
    await reception.internal.CompleteMerge(
        internal_pb.CompleteMergeRequest(
            merge_id=merged.pending_merges[0].merge_id, survivor_customer_id=one, area="cart"
        )
    )
    profile = await reception.profile(one)
    assert [len(merge.pending_areas) for merge in profile.merges] == [3, 4]


async def test_only_the_named_fields_change(reception: Reception) -> None:
    customer = (await reception.web.Identify(identify(cookie(), given_name="Ana", family_name="Meier"))).profile
    home = PostalAddress(region_code="CH", postal_code="8005", locality="Zürich", address_lines=["Limmatstrasse 1"])
    changed = await reception.web.UpdateProfile(
        update(
            customer.customer_id,
            "given_name",
            "postal_address",
            given_name="Anna",
            family_name="not named",
            postal_address=home,
            etag=customer.etag,
        )
    )
    assert (changed.profile.given_name, changed.profile.family_name) == ("Anna", "Meier")
    assert changed.profile.postal_address == home
    assert changed.profile.version == customer.version + 1
    assert changed.profile.etag != customer.etag
    assert await reception.profile(customer.customer_id) == changed.profile
    without = await reception.web.UpdateProfile(update(customer.customer_id, "postal_address", "given_name"))
    assert not without.profile.HasField("postal_address")
    assert without.profile.given_name == ""


async def test_traits_are_set_and_removed_and_the_rest_stays(reception: Reception) -> None:
    born = datetime(1980, 5, 17, tzinfo=UTC)
    traits = [text("colour", "red"), Trait(name="born", time_value=to_timestamp(born)), text("gone", "soon")]
    customer = (await reception.web.Identify(identify(cookie(), traits=traits))).profile
    changed = await reception.store.UpdateProfile(
        update(
            customer.customer_id,
            "traits",
            traits=[
                Trait(name="gone"),
                Trait(name="never_was"),
                text("colour", "blue"),
                Trait(name="n", number_value=-0.5),
            ],
        )
    )
    assert [one.name for one in changed.profile.traits] == ["born", "colour", "n"]
    by_name = {one.name: one for one in changed.profile.traits}
    assert from_timestamp(by_name["born"].time_value) == born
    assert by_name["born"].channel.kind == CHANNEL_KIND_WEB
    assert (by_name["colour"].string_value, by_name["colour"].channel.kind) == ("blue", CHANNEL_KIND_STORE)
    events = await reception.events(customer.customer_id)
    assert list(events[-1].profile_updated.changed_fields) == ["traits.colour", "traits.gone", "traits.n"]
    assert (events[-1].header.channel.id, events[-1].header.actor_id) == ("store-042", "anna")


async def test_a_request_that_is_sent_again_is_answered_again(reception: Reception, another_replica: Reception) -> None:
    request = stamped(identify(cookie(), email(), given_name="Anna"))
    first = await reception.web.Identify(request)
    again = await another_replica.web.Identify(request)
    assert (first.replayed, again.replayed) == (False, True)
    again.replayed = False
    assert again == first
    change = stamped(update(first.profile.customer_id, "given_name", given_name="Eva"))
    once = await reception.web.UpdateProfile(change)
    twice = await another_replica.web.UpdateProfile(change)
    assert (once.replayed, twice.replayed, twice.profile) == (False, True, once.profile)


async def test_the_same_person_at_many_channels_at_once_is_one_customer(
    reception: Reception, another_replica: Reception
) -> None:
    address, visitor, scanned = email(), cookie(), card()
    sets = ([address], [address, visitor], [address, scanned], [visitor, address, scanned])
    stubs = (reception.web, reception.store, another_replica.web, another_replica.store)
    answers = await asyncio.gather(*(stubs[n % 4].Identify(identify(*sets[n // 4 % 4])) for n in range(32)))
    assert len({answer.profile.customer_id for answer in answers}) == 1
    assert [answer.outcome for answer in answers].count(pb.IDENTIFY_OUTCOME_CREATED) == 1
    profile = await reception.profile(answers[0].profile.customer_id)
    assert len(profile.identifiers) == 3
    assert not profile.merges


async def test_what_happened_is_announced_in_order_with_who_and_where(reception: Reception) -> None:
    guest, answer = await reception.merged()
    survivor = answer.profile.customer_id
    merge_id = answer.pending_merges[0].merge_id
    events = await reception.events(survivor)
    assert [event.WhichOneof("payload") for event in events] == [
        "customer_created",
        "identifiers_linked",
        "customers_merged",
    ]
    assert [event.header.seq for event in events] == [1, 2, 3]
    assert {event.header.customer_id for event in events} == {survivor}
    assert events[0].customer_created.kind == profile_pb2.CUSTOMER_KIND_KNOWN
    assert list(events[1].identifiers_linked.kinds) == [profile_pb2.IDENTIFIER_KIND_EMAIL]
    assert (events[2].customers_merged.merge_id, events[2].customers_merged.source_customer_id) == (merge_id, guest)
    sealed = (await reception.events(guest))[-1]
    assert (sealed.customer_sealed.merge_id, sealed.customer_sealed.survivor_customer_id) == (merge_id, survivor)
    assert sealed.header.channel.id == events[2].header.channel.id == "web-shop"


async def test_heads_name_whose_events_came_how_far(reception: Reception) -> None:
    answer = await reception.web.Identify(identify(cookie()))
    since = to_timestamp(from_timestamp(answer.profile.update_time))
    heads = await reception.internal.ListHeads(internal_pb.ListHeadsRequest(updated_since=since, page_size=1000))
    assert {one.customer_id: one.seq for one in heads.heads}[answer.profile.customer_id] == answer.head.seq
    assert heads.epoch == answer.head.epoch
