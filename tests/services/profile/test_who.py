from dataclasses import replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.identifiers import normal_identifier
from services.profile.model import CustomerId, CustomerKind, Identifier, IdentifierKind, Profile
from services.profile.rules import DEFAULT_RULES
from services.profile.who import MOST_MERGED, Holder, SetAsideReason, Verdict, decide_who
from tests.services.profile.people import card, cookie, customer, device, email, phone

HELD = SetAsideReason.HELD_BY_ANOTHER
ANNA = customer("anna", email("anna@example.com"), cookie("laptop"), minutes=5)
BEN = customer("ben", email("ben@example.com"), card("42"), minutes=3)


def decide(identifiers: list[Identifier], *customers: Profile, unborn: dict[str, Identifier] | None = None) -> Verdict:
    holders = {key: Holder(customer_id=one.customer_id, profile=one) for one in customers for key in one.held_keys}
    for customer_id, identifier in (unborn or {}).items():
        holders[identifier.key] = Holder(customer_id=CustomerId(customer_id), profile=None)
    return decide_who(identifiers, holders, rules=DEFAULT_RULES)


def test_nobody_holds_them_so_it_is_somebody_new() -> None:
    verdict = decide([cookie("new"), email("new@example.com")], ANNA)
    assert verdict.customer_id is None
    assert verdict.linked == (cookie("new"), email("new@example.com"))


def test_a_guest_who_logs_in_is_merged_into_whom_they_are() -> None:
    guest = customer("guest", cookie("phone"), minutes=1)
    verdict = decide([cookie("phone"), email("anna@example.com")], ANNA, guest)
    assert (verdict.customer_id, verdict.guests) == ("anna", ("guest",))


def test_of_guests_only_the_oldest_remains() -> None:
    guests = [customer(f"guest{n}", cookie(f"c{n}"), minutes=minutes) for n, minutes in enumerate((2, 1, 3))]
    verdict = decide([cookie("c0"), cookie("c1"), cookie("c2")], *guests)
    assert (verdict.customer_id, verdict.guests) == ("guest1", ("guest0", "guest2"))


def test_two_known_customers_are_never_merged_and_the_stronger_proof_decides() -> None:
    verdict = decide([email("anna@example.com"), card("42")], ANNA, BEN)
    assert (verdict.customer_id, verdict.guests) == ("ben", ())
    assert verdict.set_aside == ((email("anna@example.com"), HELD),)
    assert verdict.linked == (card("42"),)


def test_two_proofs_of_one_strength_mean_the_older_customer() -> None:
    verdict = decide([email("anna@example.com"), email("ben@example.com")], ANNA, BEN)
    assert verdict.customer_id == "ben"
    assert verdict.set_aside == ((email("anna@example.com"), HELD),)


def test_who_logs_in_on_somebody_elses_tablet_is_not_taken_for_them() -> None:
    verdict = decide([cookie("laptop"), email("ben@example.com")], ANNA, BEN)
    assert verdict.customer_id == "ben"
    assert verdict.set_aside == ((cookie("laptop"), HELD),)


def test_who_logs_in_for_the_first_time_on_somebody_elses_tablet_is_somebody_new() -> None:
    verdict = decide([cookie("laptop"), email("carla@example.com")], ANNA)
    assert verdict.customer_id is None
    assert verdict.set_aside == ((cookie("laptop"), HELD),)
    assert verdict.linked == (email("carla@example.com"),)


def test_a_second_email_belongs_to_whom_another_proof_names() -> None:
    verdict = decide([email("anna@example.com"), email("anna@work.example.com")], ANNA)
    assert verdict.customer_id == "anna"
    assert email("anna@work.example.com") in verdict.linked


def test_a_first_phone_number_comes_by_the_cookie() -> None:
    assert decide([cookie("laptop"), phone("+41446681800")], ANNA).customer_id == "anna"


def test_an_unproven_email_identifies_nobody_and_is_kept_as_a_claim() -> None:
    claim = email("anna@example.com", verified=False)
    verdict = decide([claim, cookie("new")], ANNA)
    assert verdict.customer_id is None
    assert verdict.set_aside == ((claim, SetAsideReason.UNVERIFIED),)
    assert verdict.linked == (claim, cookie("new"))


def test_claims_without_a_record_belong_to_the_customer_who_has_one() -> None:
    verdict = decide(
        [device("d"), email("anna@example.com")], ANNA, unborn={"b": device("d"), "a": phone("+41446681800")}
    )
    assert (verdict.customer_id, verdict.unborn) == ("anna", ("b",))


def test_of_customers_without_a_record_the_one_with_the_weakest_claim_remains() -> None:
    for weakest, other in (("a", "b"), ("b", "a")):
        verdict = decide([device("d"), cookie("c")], unborn={other: device("d"), weakest: cookie("c")})
        assert (verdict.customer_id, verdict.unborn) == (weakest, (other,))


def test_of_customers_without_a_record_and_with_claims_of_one_strength_the_first_id_remains() -> None:
    verdict = decide([cookie("d"), cookie("c")], unborn={"b": cookie("d"), "a": cookie("c")})
    assert (verdict.customer_id, verdict.unborn) == ("a", ("b",))


POOL = [
    cookie("c"),
    device("d"),
    email("e@example.com"),
    phone("+41446681800"),
    card("7"),
    email("f@example.com", verified=False),
]


@settings(deadline=None)  # the machine may be busy with other things
@given(
    identifiers=st.lists(st.sampled_from(POOL), unique=True, min_size=1),
    owners=st.lists(st.sampled_from(["", "a", "b", "c", "d"]), min_size=len(POOL), max_size=len(POOL)),
    born=st.sets(st.sampled_from("abcd")),
    order=st.permutations(range(4)),
)
def test_whatever_is_claimed_no_known_customer_is_merged_away(
    identifiers: list[Identifier], owners: list[str], born: set[str], order: list[int]
) -> None:
    customers = {
        one: customer(
            one, *(i for i, owner in zip(POOL, owners, strict=True) if owner == one), minutes=order["abcd".index(one)]
        )
        for one in born
    }
    holders = {
        identifier.key: Holder(customer_id=CustomerId(owner), profile=customers.get(owner))
        for identifier, owner in zip(POOL, owners, strict=True)
        if owner and identifier.identifies
    }
    verdict = decide_who(identifiers, holders, rules=DEFAULT_RULES)
    for guest in verdict.guests:
        assert customers[guest].kind is CustomerKind.ANONYMOUS
        survivor = customers[verdict.customer_id or ""]
        assert survivor.kind is CustomerKind.KNOWN or (survivor.create_time, survivor.customer_id) < (
            customers[guest].create_time,
            guest,
        )
    held = [one for one, reason in verdict.set_aside if reason is HELD]
    for one in held:
        assert customers[holders[one.key].customer_id].kind is CustomerKind.KNOWN
        assert holders[one.key].customer_id != verdict.customer_id
    assert set(held) | set(verdict.linked) == set(identifiers)
    if verdict.customer_id in customers:
        assert decide_who(list(reversed(identifiers)), holders, rules=DEFAULT_RULES).customer_id == verdict.customer_id


def test_a_guest_beyond_the_limit_of_merges_stays_apart() -> None:
    guest, small = customer("guest", cookie("phone"), minutes=1), customer("small", cookie("kiosk"), minutes=2)
    identifiers = [cookie("phone"), cookie("kiosk"), email("anna@example.com")]
    holders = {
        "email:anna@example.com": Holder(customer_id=ANNA.customer_id, profile=ANNA, merged_count=MOST_MERGED - 1),
        "cookie:phone": Holder(customer_id=guest.customer_id, profile=guest, merged_count=3),
        "cookie:kiosk": Holder(customer_id=small.customer_id, profile=small),
    }
    verdict = decide_who(identifiers, holders, rules=DEFAULT_RULES)
    assert (verdict.customer_id, verdict.guests) == ("anna", ("small",))
    assert verdict.set_aside == ((cookie("phone"), HELD),)


def test_a_blocked_value_is_set_aside_and_not_linked() -> None:
    nothing = normal_identifier(IdentifierKind.LOYALTY_CARD, "0000-0000", verified=True, rules=DEFAULT_RULES)
    verdict = decide([nothing, cookie("new")], customer("other", nothing))
    assert verdict.customer_id is None
    assert verdict.set_aside == ((nothing, SetAsideReason.BLOCKED),)
    assert verdict.linked == (cookie("new"),)


def test_a_machine_that_too_many_use_leads_to_nobody() -> None:
    holders = {cookie("laptop").key: Holder(customer_id=ANNA.customer_id, profile=ANNA)}
    shared = frozenset({cookie("laptop").key})
    verdict = decide_who([cookie("laptop"), cookie("new")], holders, rules=DEFAULT_RULES, shared=shared)
    assert verdict.customer_id is None
    assert verdict.set_aside == ((cookie("laptop"), SetAsideReason.SHARED),)
    assert verdict.linked == (cookie("new"),)


def test_a_guest_who_is_there_and_proves_an_address_is_merged_into_its_holder() -> None:
    guest = Holder(customer_id=CustomerId("guest"), profile=customer("guest", minutes=9))
    holders = {key: Holder(customer_id=ANNA.customer_id, profile=ANNA) for key in ANNA.held_keys}
    verdict = decide_who([email("anna@example.com")], holders, rules=DEFAULT_RULES, present=guest)
    assert (verdict.customer_id, verdict.guests) == ("anna", ("guest",))


def test_a_known_customer_who_is_there_stays_who_they_are_whatever_else_they_prove() -> None:
    there = Holder(customer_id=BEN.customer_id, profile=BEN)
    holders = {key: Holder(customer_id=ANNA.customer_id, profile=ANNA) for key in ANNA.held_keys}
    verdict = decide_who([email("anna@example.com")], holders, rules=DEFAULT_RULES, present=there)
    assert (verdict.customer_id, verdict.guests) == ("ben", ())
    assert verdict.set_aside == ((email("anna@example.com"), HELD),)


def test_the_rules_say_which_proof_is_the_stronger_one() -> None:
    holders = {key: Holder(customer_id=one.customer_id, profile=one) for one in (ANNA, BEN) for key in one.held_keys}
    order = ("email", "phone", "loyalty_card", "social", "cookie", "device")
    rules = replace(DEFAULT_RULES, strongest_first=tuple(IdentifierKind(kind) for kind in order))
    verdict = decide_who([email("anna@example.com"), card("42")], holders, rules=rules)
    assert verdict.customer_id == "anna"
    assert verdict.set_aside == ((card("42"), HELD),)
