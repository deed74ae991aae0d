from hypothesis import given, settings
from hypothesis import strategies as st

from services.profile.details import MAX_TRAIT_BYTES, MAX_TRAITS, trait_bytes
from services.profile.model import Trait
from services.profile.rules import Survivorship, TraitRules
from services.profile.survivorship import surviving, surviving_traits
from tests.services.profile.people import STORE, at, trait

NEWEST = TraitRules()
NAMES = [f"t{number}" for number in range(6)]
TRAITS = st.lists(
    st.builds(
        lambda name, value, minutes: trait(name, value, minutes=minutes),
        st.sampled_from(NAMES),
        st.one_of(st.integers(0, 9).map(float), st.text(max_size=3), st.booleans(), st.just(at(0))),
        st.integers(0, 9),
    ),
    unique_by=lambda one: one.name,
)


@settings(deadline=None)  # the machine may be busy with other things
@given(mine=TRAITS, theirs=TRAITS)
def test_a_merge_never_takes_a_newer_word_away_for_an_older_one(mine: list[Trait], theirs: list[Trait]) -> None:
    after = {one.name: one for one in surviving_traits(mine, theirs, NEWEST)}
    for said in (*mine, *theirs):
        assert after[said.name].update_time >= said.update_time


@settings(deadline=None)  # as above
@given(mine=TRAITS, theirs=TRAITS, rule=st.sampled_from(Survivorship))
def test_whatever_the_rule_one_of_the_words_stays_as_it_was_said(
    mine: list[Trait], theirs: list[Trait], rule: Survivorship
) -> None:
    after = surviving_traits(mine, theirs, TraitRules(survivorship=rule))
    assert {one.name for one in after} == {one.name for one in (*mine, *theirs)}
    assert set(after) <= {*mine, *theirs}
    assert surviving_traits(after, theirs, TraitRules(survivorship=rule)) == after, "merging again changes nothing"


def test_each_rule_keeps_what_it_names() -> None:
    mine, theirs = trait("size", 40.0, minutes=1), trait("size", 42.0, minutes=2, channel=STORE)
    kept = {rule: surviving(mine, theirs, rule).value for rule in Survivorship}
    assert kept == {
        Survivorship.NEWEST: 42.0,
        Survivorship.OLDEST: 40.0,
        Survivorship.KNOWN_WINS: 40.0,
        Survivorship.LARGEST: 42.0,
        Survivorship.SMALLEST: 40.0,
    }


def test_of_what_has_no_size_the_newest_stays() -> None:
    for mine, theirs in ((True, 0.0), ("b", "a"), (1.0, "a"), (at(1), 2.0)):
        said = trait("x", theirs, minutes=2)
        assert surviving(trait("x", mine, minutes=1), said, Survivorship.LARGEST) == said


def test_of_times_the_later_one_is_the_largest() -> None:
    later = trait("last_visit", at(9), minutes=1)
    assert surviving(trait("last_visit", at(2), minutes=5), later, Survivorship.LARGEST) == later


def test_a_newer_word_finds_room_where_the_oldest_word_makes_it() -> None:
    full = [trait(f"a{number:03}", "🎿" * 500, minutes=number) for number in range(MAX_TRAIT_BYTES // 2010)]
    newer = trait(full[-1].name, "🎿" * 512, minutes=500)
    more = [trait(f"b{number:03}", "x", minutes=900) for number in range(MAX_TRAITS)]
    after = {one.name: one for one in surviving_traits(full, [newer, *more], NEWEST)}
    assert after[newer.name] == newer
    assert sum(map(trait_bytes, after.values())) <= MAX_TRAIT_BYTES
    assert len(after) <= MAX_TRAITS
