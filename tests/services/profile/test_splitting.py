"""Laws of taking a merge back, for any two customers and anything that happened in between."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.details import DetailsUpdate, update_details
from services.profile.linking import Introduction, introduce
from services.profile.merging import merge
from services.profile.model import MERGE_AREAS, CustomerId, Identifier, Merge, MergeId, PostalAddress, Profile, Undoing
from services.profile.rules import DEFAULT_RULES
from services.profile.splitting import Together, completed, part, returned, to_claim_again
from tests.services.profile.people import WEB, at, cookie, customer, device, email, held, phone, reservation, trait

MERGE = MergeId("mrg_guest")
UNDOING = Undoing(
    at(60), actor_id="anna", reason="two people", request_id="req-unmerge-0001", pending_areas=MERGE_AREAS
)
OWN = [
    cookie("a1"),
    device("a2"),
    email("anna@example.com"),
    phone("+41446681800"),
    email("said@a.com", verified=False),
]
GUESTS = [cookie("g1"), cookie("g2"), device("g3"), email("said@g.com", verified=False)]
SINCE = [cookie("n1"), device("n2"), email("new@example.com"), phone("+41446681801")]
NAMES = st.sampled_from(["size", "colour", "vip", "lang"])


@dataclass(frozen=True, slots=True)
class Said:
    """Something that a channel said after the merge, by an identifier of the guest or of Anna."""

    by_guest: bool
    identifiers: tuple[Identifier, ...] = ()
    traits: tuple[tuple[str, float], ...] = ()


def traits_of(minutes: int) -> st.SearchStrategy[dict[str, float]]:
    return st.dictionaries(NAMES, st.sampled_from([1.0 + minutes, 2.0 + minutes]), max_size=4)


@st.composite
def people(draw: st.DrawFn, customer_id: str, identifiers: Sequence[Identifier], minutes: int) -> Profile:
    mine = draw(st.lists(st.sampled_from(identifiers), unique=True))
    times = st.integers(0, 30)
    return replace(
        customer(customer_id, *mine, minutes=minutes),
        traits=tuple(
            trait(name, value, minutes=draw(times)) for name, value in sorted(draw(traits_of(minutes)).items())
        ),
        given_name=draw(st.sampled_from(["", "Anna", "Ben"])),
        family_name=draw(st.sampled_from(["", "Meier"])),
        postal_address=draw(st.sampled_from([None, PostalAddress(locality="Bern"), PostalAddress(locality="Chur")])),
    )


said = st.builds(
    Said,
    by_guest=st.booleans(),
    identifiers=st.lists(st.sampled_from(SINCE), max_size=1).map(tuple),
    traits=st.lists(st.tuples(NAMES, st.sampled_from([100.0, 200.0])), max_size=2, unique_by=lambda one: one[0]).map(
        tuple
    ),
)
guests = people("guest", GUESTS, minutes=5)
annas = people("anna", OWN, minutes=0)


def joined(guest: Profile, anna: Profile) -> Profile:
    return merge(guest, anna, reservation("guest"), rules=DEFAULT_RULES).profile


def parted(now: Profile, guest: Profile, before: Profile | None) -> tuple[Profile, Profile]:
    both = Together(survivor=now, source=guest, before=before, lineage=frozenset({"guest"}), rules=DEFAULT_RULES)
    apart = part(both, MERGE, UNDOING)
    return apart.survivor, apart.source


def told(profile: Profile, words: Sequence[Said]) -> Profile:
    for number, word in enumerate(words):
        introduction = Introduction(
            identifiers=word.identifiers,
            traits=tuple(trait(name, value, minutes=40 + number) for name, value in word.traits),
            entrance="guest" if word.by_guest else "",
        )
        profile = introduce(profile, introduction, now=at(40 + number), channel=WEB, rules=DEFAULT_RULES).profile
    return profile


def bare(profile: Profile) -> Profile:
    """A customer without what remembers the merge."""
    return replace(profile, merges=(), returning=(), kept_apart=())


@settings(max_examples=150, deadline=None)
@given(guest=guests, anna=annas)
def test_a_merge_that_is_undone_at_once_gives_both_back_as_they_were(guest: Profile, anna: Profile) -> None:
    survivor, source = parted(joined(guest, anna), guest, anna)
    assert (bare(survivor), bare(source)) == (anna, guest)


@settings(max_examples=150, deadline=None)
@given(guest=guests, anna=annas, words=st.lists(said, max_size=5))
def test_whatever_was_said_since_is_with_one_side_and_with_the_right_one(
    guest: Profile, anna: Profile, words: list[Said]
) -> None:
    now = told(joined(guest, anna), words)
    survivor, source = parted(now, guest, anna)
    linked: dict[str, bool] = {}
    newest: dict[str, tuple[float, bool]] = {}
    for word in words:
        for one in word.identifiers:
            linked.setdefault(one.key, word.by_guest)
        for name, value in word.traits:
            present = newest.get(
                name, (next((t.value for t in joined(guest, anna).traits if t.name == name), None), None)
            )
            if present[0] != value:
                newest[name] = (value, word.by_guest)
    assert survivor.held_keys == anna.held_keys | {key for key, by_guest in linked.items() if not by_guest}
    assert source.held_keys == guest.held_keys | {key for key, by_guest in linked.items() if by_guest}
    assert not survivor.held_keys & source.held_keys
    for name, (value, by_guest) in newest.items():
        side = source if by_guest else survivor
        assert {one.name: one.value for one in side.traits}[name] == value
    for before, after in ((guest, source), (anna, survivor)):
        assert {one.name for one in before.traits} <= {one.name for one in after.traits}


@settings(max_examples=100, deadline=None)
@given(guest=guests, anna=annas, words=st.lists(said, max_size=5))
def test_where_the_state_before_was_not_kept_identifiers_still_go_where_they_lead(
    guest: Profile, anna: Profile, words: list[Said]
) -> None:
    survivor, source = parted(told(joined(guest, anna), words), guest, None)
    assert anna.held_keys <= survivor.held_keys
    assert guest.held_keys <= source.held_keys
    assert not survivor.held_keys & source.held_keys


def test_what_staff_changed_on_the_one_customer_stays_with_who_remained() -> None:
    guest = replace(customer("guest", cookie("g")), given_name="Ben", postal_address=PostalAddress(locality="Chur"))
    anna = customer("anna", email("anna@example.com"))
    now = update_details(joined(guest, anna), DetailsUpdate(given_name="Anna")).profile
    survivor, source = parted(now, guest, anna)
    assert (survivor.given_name, survivor.postal_address) == ("Anna", None)
    assert (source.given_name, source.postal_address) == ("Ben", PostalAddress(locality="Chur"))


def test_what_had_to_make_room_is_claimed_again_for_its_owner() -> None:
    guest = replace(customer("guest"), identifiers=tuple(held(cookie(f"g{n:02}"), minutes=n) for n in range(30)))
    anna = replace(customer("anna"), identifiers=tuple(held(cookie(f"a{n:02}"), minutes=n) for n in range(30)))
    both = Together(
        survivor=joined(guest, anna), source=guest, before=anna, lineage=frozenset({"guest"}), rules=DEFAULT_RULES
    )
    again = to_claim_again(both, MERGE)
    assert len(again) == 30
    assert {key for key, owner in again.items() if owner == "guest"} == guest.held_keys - both.survivor.held_keys
    lost = replace(both, lost_keys=frozenset({"cookie:g00", "cookie:a00"}))
    apart = part(lost, MERGE, UNDOING)
    assert apart.source.held_keys == guest.held_keys - {"cookie:g00"}
    assert apart.survivor.held_keys == anna.held_keys - {"cookie:a00"}


def test_merges_that_the_guest_brought_go_back_with_what_came_of_them_since() -> None:
    old = Merge(MergeId("mrg_old"), CustomerId("older-guest"), at(0), WEB, pending_areas=("cart", "context"))
    guest = replace(customer("guest", minutes=5), merges=(old,))
    now = joined(guest, customer("anna"))
    since = replace(now, merges=tuple(replace(one, pending_areas=()) for one in now.merges))
    survivor, source = parted(since, guest, customer("anna"))
    assert [(one.merge_id, one.undoing) for one in survivor.merges] == [(MERGE, UNDOING)]
    assert [(one.merge_id, one.pending_areas) for one in source.merges] == [("mrg_old", ())]


def test_the_undoing_is_unfinished_until_every_area_has_carried_it_out() -> None:
    survivor, source = parted(joined(customer("guest"), customer("anna")), customer("guest"), customer("anna"))
    assert survivor.parting
    assert source.parting
    for area in MERGE_AREAS:
        assert survivor.parting
        survivor = completed(survivor, MERGE, area)
    assert not survivor.parting
    assert not returned(source, MERGE).parting
    assert (survivor.kept_apart, source.kept_apart) == (("guest",), ("anna",))
