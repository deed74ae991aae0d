"""Merges are taken back: both customers are there again, and what leads to whom is right."""

import asyncio
from collections.abc import Iterable

import pytest

from libs.errors import OmnithreadError
from libs.ids import new_id
from services.profile.claims import Claim
from services.profile.explanation import sentences
from services.profile.model import MERGE_AREAS, CustomerId, MergeRule
from services.profile.outcomes import IdentifyOutcome, entrance_of, outcome_of
from tests.libs.mongo.faults import Crash, Fault, crashes_after, crashes_before, no_fault, with_faults
from tests.services.profile.people import WEB, card, cookie, device, email, phone, trait
from tests.services.profile.replicas import ORIGIN, Replicas, replica_over
from tests.services.profile.staff import all_areas_follow, guest_and_anna, merge, staff, unmerge

ANNA = email("anna@example.com")


async def refused(call: object) -> OmnithreadError:
    with pytest.raises(OmnithreadError) as error:
        await call  # type: ignore[misc]
    return error.value


async def test_both_customers_are_there_again_with_what_they_had(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    done = await unmerge(replicas, anna, merge_id)
    assert (done.survivor.customer_id, done.restored.customer_id) == (anna, guest)
    assert done.survivor.state.held_keys == {ANNA.key}
    assert done.restored.state.held_keys == {"cookie:g"}
    assert ([one.name for one in done.restored.state.traits], done.survivor.state.traits) == (["size"], ())
    assert done.merge.undoing is not None
    assert (done.merge.undoing.actor_id, done.merge.undoing.reason) == ("anna", "two people")
    assert done.merge.undoing.pending_areas == MERGE_AREAS
    assert (await replicas.identify(cookie("g"))).saved.customer_id == guest
    assert (await replicas.identify(ANNA)).saved.customer_id == anna
    assert (await replicas.announced(anna))[-1] == "customers_unmerged"
    assert (await replicas.announced(guest))[-1] == "customer_released"


async def test_what_was_linked_since_goes_to_whose_identifier_brought_it(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    by_guest = await replicas.identify(cookie("g"), device("d"), traits=[trait("colour", "red")])
    assert (by_guest.saved.customer_id, entrance_of(by_guest)) == (anna, guest)
    by_anna = await replicas.identify(ANNA, phone("+41446681800"), traits=[trait("vip", value=True)])
    assert entrance_of(by_anna) == anna
    done = await unmerge(replicas, anna, merge_id)
    assert done.restored.state.held_keys == {"cookie:g", "device:d"}
    assert done.survivor.state.held_keys == {ANNA.key, "phone:+41446681800"}
    assert [one.name for one in done.restored.state.traits] == ["colour", "size"]
    assert [one.name for one in done.survivor.state.traits] == ["vip"]
    assert (await replicas.identify(device("d"))).saved.customer_id == guest


async def test_who_was_parted_is_not_made_one_again_by_the_next_login(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    await unmerge(replicas, anna, merge_id)
    for _ in range(2):
        again = await replicas.identify(cookie("g"), ANNA)
        assert (again.saved.customer_id, outcome_of(again)) == (anna, IdentifyOutcome.FOUND)
        assert (await replicas.identify(cookie("g"))).saved.customer_id == guest
        await all_areas_follow(replicas, anna, merge_id)
    assert (await merge(replicas, guest, anna)).saved.customer_id == anna
    assert (await replicas.identify(cookie("g"))).saved.customer_id == anna


async def test_nobody_is_merged_with_who_is_still_being_parted_somewhere(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    await unmerge(replicas, anna, merge_id)
    ben = (await replicas.identify(email("ben@example.com"))).saved.customer_id
    login = await replicas.identify(cookie("g"), email("ben@example.com"))
    assert (login.saved.customer_id, outcome_of(login)) == (ben, IdentifyOutcome.FOUND)
    for one in (guest, anna):
        refusal = await refused(merge(replicas, one, ben))
        assert (refusal.reason, refusal.metadata["because"]) == ("MERGE_NOT_POSSIBLE", "being_parted")
    await all_areas_follow(replicas, anna, merge_id)
    login = await replicas.identify(cookie("g"), email("ben@example.com"))
    assert (login.saved.customer_id, outcome_of(login)) == (ben, IdentifyOutcome.MERGED)


async def test_staff_makes_one_of_two_known_customers_and_every_card_leads_there(replicas: Replicas) -> None:
    older = (await replicas.identify(ANNA, card("1"))).saved.customer_id
    replicas.clock.move(minutes=1)
    younger = (await replicas.identify(email("a.meier@example.com"), card("2"), cookie("c"))).saved.customer_id
    done = await merge(replicas, younger, older, request_id="request-merge-0001")
    assert (done.saved.customer_id, done.merge.source_customer_id) == (older, younger)
    assert (done.merge.rule, done.merge.actor_id, done.merge.reason) == (MergeRule.STAFF_DECIDED, "anna", "one person")
    for one in (ANNA, card("1"), card("2"), email("a.meier@example.com"), cookie("c")):
        assert (await replicas.identify(one)).saved.customer_id == older
    again = await merge(replicas, younger, older, request_id="request-merge-0001")
    assert (again.replayed, again.merge.merge_id) == (True, done.merge.merge_id)
    refusal = await refused(replicas.identify(card("3"), card("1")))
    assert refusal.reason == "IDENTIFIER_LIMIT"
    back = await unmerge(replicas, older, done.merge.merge_id)
    assert back.restored.state.held_keys == {"email:a.meier@example.com", "loyalty_card:2", "cookie:c"}
    assert (await replicas.identify(card("2"))).saved.customer_id == younger


async def test_each_merge_names_its_rule_and_what_led_to_it(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    await replicas.identify(cookie("x"))
    replicas.clock.move(minutes=1)
    await replicas.identify(device("y"))
    await replicas.identify(cookie("x"), device("y"))
    of_guests = (await replicas.identify(cookie("x"))).saved.state.merges[-1]
    of_anna = (await staff(replicas).list_merges(anna))[0]
    assert (of_anna.merge_id, of_anna.source_customer_id, of_anna.rule) == (merge_id, guest, MergeRule.GUEST_RECOGNISED)
    assert [one.key for one in of_anna.evidence] == [ANNA.key, "cookie:g"]
    assert of_guests.rule is MergeRule.GUESTS_JOINED
    assert [one.key for one in of_guests.evidence] == ["device:y", "cookie:x"]
    _, things = await staff(replicas).merge_outcome(merge_id, anna)
    assert [(thing.kind, thing.name, str(thing.action)) for thing in things] == [
        ("identifier", "cookie", "kept"),
        ("trait", "size", "kept"),
    ]


async def test_the_same_request_is_told_the_same_and_another_is_refused(replicas: Replicas) -> None:
    _, anna, merge_id = await guest_and_anna(replicas)
    first = await unmerge(replicas, anna, merge_id, request_id="request-unmerge-1")
    again = await unmerge(replicas, anna, merge_id, request_id="request-unmerge-1")
    assert (first.replayed, again.replayed) == (False, True)
    assert again.merge == first.merge
    assert (await refused(unmerge(replicas, anna, merge_id))).metadata["because"] == "undone"
    other = unmerge(replicas, anna, merge_id, request_id="request-unmerge-1", reason="something else")
    assert (await refused(other)).reason == "REQUEST_ID_REUSED"
    assert (await replicas.announced(anna)).count("customers_unmerged") == 1


async def test_what_cannot_be_undone_or_merged_says_why_and_changes_nothing(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    before = await replicas.contents()
    assert (await refused(unmerge(replicas, anna, merge_id, actor=""))).reason == "ACTOR_REQUIRED"
    assert (await refused(merge(replicas, anna, guest, actor=""))).reason == "ACTOR_REQUIRED"
    assert (await refused(unmerge(replicas, anna, "mrg_nobody_knows"))).reason == "MERGE_NOT_FOUND"
    assert (await refused(unmerge(replicas, "cus_nobody", merge_id))).reason == "CUSTOMER_NOT_FOUND"
    assert (await refused(merge(replicas, anna, "cus_nobody"))).reason == "CUSTOMER_NOT_FOUND"
    for one, other in ((anna, anna), (anna, guest)):
        refusal = await refused(merge(replicas, one, other))
        assert (refusal.reason, refusal.metadata["because"]) == ("MERGE_NOT_POSSIBLE", "one_already")
    assert await replicas.contents() == before


async def test_a_later_merge_is_undone_first(replicas: Replicas) -> None:
    old = (await replicas.identify(email("old@example.com"))).saved.customer_id
    replicas.clock.move(minutes=1)
    guest, anna, merge_id = await guest_and_anna(replicas)
    later = (await merge(replicas, anna, old)).merge.merge_id
    for customer_id in (anna, guest):
        refusal = await refused(unmerge(replicas, customer_id, merge_id))
        assert (refusal.reason, refusal.metadata["because"]) == ("UNMERGE_NOT_POSSIBLE", "later_merge")
    await unmerge(replicas, old, later)
    done = await unmerge(replicas, anna, merge_id)
    assert done.restored.customer_id == guest
    held = {one: (await replicas[0].get(one)).state.held_keys for one in (old, anna, guest)}
    assert held == {old: {"email:old@example.com"}, anna: {ANNA.key}, guest: {"cookie:g"}}


async def test_why_somebody_is_one_customer_is_told_in_sentences_without_a_value(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    await unmerge(replicas, anna, merge_id)
    await all_areas_follow(replicas, anna, merge_id)
    await merge(replicas, guest, anna)
    saved, claims = await staff(replicas).explain(guest)
    assert saved.customer_id == anna
    assert {key: claim.first_id for key, claim in claims.items()} == {ANNA.key: anna, "cookie:g": guest}
    told = sentences(saved.state, claims)
    part = f"{guest} became part of this customer"
    together = "An e-mail address and a cookie came in one call."
    assert [sentence.split(": ", 1)[1] for sentence in told] == [
        "The customer was first seen.",
        "An e-mail address was shown to be theirs on web-shop.",
        f"A cookie was in use on web-shop; it came with {guest}, who was merged into this customer.",
        f"{part} on web-shop, since a guest proved to be this customer. {together}",
        f"The merge of {guest} was undone by anna. Stated reason: two people",
        f"{part} by anna on web-shop, since a member of staff decided it. Stated reason: one person",
    ]
    assert "example.com" not in "".join(told)


STEPS = ("giving up the share", "opening the source", "forgetting the share")
CRASHES = [
    pytest.param([*([no_fault] * step), crash], id=f"{crash.__name__} {name}")
    for step, name in enumerate(STEPS)
    for crash in (crashes_before, crashes_after)
]


@pytest.mark.parametrize("who", ["the same request", "an area"])
@pytest.mark.parametrize("faults", CRASHES)
async def test_an_undoing_that_crashed_is_carried_on_by_whoever_comes_next(
    replicas: Replicas, faults: list[Fault], who: str
) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    dying = replica_over(with_faults(replicas.database, *faults), replicas)
    with pytest.raises(Crash):
        await unmerge(dying, anna, merge_id, request_id="request-unmerge-1")
    begun = (await replicas[0].records.get(anna)).state.merges[-1].undone
    if who == "an area" and begun:
        await staff(replicas).complete_unmerge(merge_id=merge_id, survivor_customer_id=anna, area="cart", origin=ORIGIN)
    done = await unmerge(replicas, anna, merge_id, request_id="request-unmerge-1")
    assert done.replayed == begun
    await all_areas_follow(replicas, anna, merge_id)
    for one, keys in ((anna, frozenset({ANNA.key})), (guest, frozenset({"cookie:g"}))):
        saved = await replicas[0].get(one)
        assert (saved.customer_id, saved.state.held_keys, saved.state.parting) == (one, keys, False)
    assert (await replicas.announced(guest)).count("customer_released") == 1


async def test_areas_that_finish_at_once_leave_nothing_open(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    await unmerge(replicas, anna, merge_id)
    left = await asyncio.gather(
        *(
            staff(replicas, n % 2).complete_unmerge(
                merge_id=merge_id, survivor_customer_id=anna, area=area, origin=ORIGIN
            )
            for n, area in enumerate([*MERGE_AREAS, *MERGE_AREAS])
        )
    )
    assert len(left) == 8
    await all_areas_follow(replicas, anna, merge_id)
    for one in (guest, anna):
        assert not (await replicas[0].get(one)).state.parting


async def test_who_comes_back_in_the_middle_of_an_undoing_that_crashed_is_recognised(replicas: Replicas) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    dying = replica_over(with_faults(replicas.database, crashes_after), replicas)
    with pytest.raises(Crash):
        await unmerge(dying, anna, merge_id)
    back = await replicas.identify(cookie("g"), device("d"))
    assert (back.saved.customer_id, back.saved.merge_id) == (guest, "")
    assert back.saved.state.held_keys == {"cookie:g", "device:d"}
    assert (await replicas.announced(guest)).count("customer_released") == 1


async def test_who_is_parted_while_crashed_calls_are_made_good_takes_what_was_claimed_for_them(
    replicas: Replicas, monkeypatch: pytest.MonkeyPatch
) -> None:
    guest, anna, merge_id = await guest_and_anna(replicas)
    claims = replicas[0].identification.settling.claims
    for key, claimed_for in (("device:d", guest), ("cookie:new", new_id("cus"))):  # by calls that crashed after it
        claim = Claim(
            key=key, customer_id=CustomerId(claimed_for), claim_time=replicas.clock(), channel=WEB, token=new_id("tok")
        )
        await claims.make([claim])
    confirm = claims.confirm

    async def confirm_and_meanwhile_somebody_undoes_the_merge(begun: Iterable[Claim]) -> None:
        await confirm(begun)
        monkeypatch.undo()
        await unmerge(replicas, anna, merge_id, replica=1)

    monkeypatch.setattr(claims, "confirm", confirm_and_meanwhile_somebody_undoes_the_merge)
    found = await replicas.identify(ANNA, device("d"), cookie("new"))
    assert found.saved.customer_id == anna
    assert "device:d" not in found.saved.state.held_keys
    assert (await replicas.identify(device("d"))).saved.customer_id == guest
    everybody = (await replicas.contents())["records"]
    holders = [one["_id"] for one in everybody for held in one["identifiers"] if held["value"] == "d"]
    assert holders == [guest]
