"""What was said earlier and is told only now: it is kept, takes back nothing, and a no stays a no."""

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from libs.origin import Origin
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL
from services.preference.history import COUNTS, KEPT, note_history
from services.preference.model import Act, Statement, set_consent
from services.preference.values import GRANTED, REVOKED, ConsentKey, Preferences

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
ORIGIN = Origin(channel_id="crm", channel_kind=1)
KEY = ConsentKey("newsletter", DELIVERY_KIND_EMAIL, "")
words = st.lists(
    st.tuples(st.sampled_from((GRANTED, REVOKED)), st.integers(1, 50)), max_size=8, unique_by=lambda word: word[1]
)


def statement(state: int, key: ConsentKey = KEY) -> Statement:
    return Statement(key=key, state=state, wording="May we?", wording_version="1", source="crm")


def act(days_ago: int) -> Act:
    return Act(origin=ORIGIN, time=NOW, issue_time=NOW - timedelta(days=days_ago))


def imported(
    preferences: Preferences, state: int, days_ago: int, *, key: ConsentKey = KEY, is_theirs: bool = True
) -> tuple[Preferences, str]:
    change = note_history(
        preferences, statement(state, key), act=act(days_ago), record_id=f"con_{days_ago}", is_theirs=is_theirs
    )
    assert len(change.events) == 1  # the proof is kept in any case
    return change.state, change.facts["state"]


def standing(preferences: Preferences) -> list[tuple[int, datetime]]:
    return [(consent.state, consent.update_time) for consent in preferences.consents]


@given(words, st.randoms(use_true_random=False))
def test_in_whatever_order_history_comes_what_was_said_last_stands(
    history: list[tuple[int, int]], chance: object
) -> None:
    preferences = Preferences()
    for state, days_ago in chance.sample(history, len(history)):  # type: ignore[attr-defined]
        preferences, _ = imported(preferences, state, days_ago)
    last = min(history, key=lambda word: word[1], default=None)
    assert standing(preferences) == ([] if last is None else [(last[0], NOW - timedelta(days=last[1]))])


@given(words, st.sampled_from((GRANTED, REVOKED)), st.integers(1, 50))
def test_what_a_customer_said_here_later_is_never_taken_back(
    history: list[tuple[int, int]], said: int, days_ago: int
) -> None:
    preferences = set_consent(Preferences(), statement(said), act=act(days_ago), record_id="con_here").state
    for state, days in history:
        if days > days_ago:
            preferences, verdict = imported(preferences, state, days)
            assert verdict == KEPT
    assert standing(preferences) == [(said, NOW - timedelta(days=days_ago))]


def test_of_a_yes_and_a_no_of_one_moment_the_no_stands_in_either_order() -> None:
    for first, second in ((GRANTED, REVOKED), (REVOKED, GRANTED)):
        preferences, _ = imported(imported(Preferences(), first, 10)[0], second, 10)
        assert standing(preferences) == [(REVOKED, NOW - timedelta(days=10))]


def test_a_yes_for_one_address_does_not_count_against_a_later_no_for_all() -> None:
    preferences, verdict = imported(Preferences(), REVOKED, 5)
    assert verdict == COUNTS
    preferences, verdict = imported(
        preferences, GRANTED, 10, key=ConsentKey("newsletter", DELIVERY_KIND_EMAIL, "a@b.c")
    )
    assert (verdict, standing(preferences)) == (KEPT, [(REVOKED, NOW - timedelta(days=5))])


def test_a_no_of_somebody_merged_since_stands_as_if_it_had_been_told_in_time() -> None:
    said = set_consent(Preferences(), statement(GRANTED), act=act(10), record_id="con_here").state
    merged = Preferences(consents=said.consents, merge_time=NOW - timedelta(days=1))
    assert imported(merged, REVOKED, 20, is_theirs=True)[1] == KEPT
    assert imported(merged, REVOKED, 20, is_theirs=False)[1] == COUNTS
