from dataclasses import replace
from datetime import timedelta

import bson
from hypothesis import given
from hypothesis import strategies as st

from services.messaging import model
from services.messaging.deciding.judgement import Finding, Judgement, newest_judgements, with_judgement
from services.messaging.deciding.judgement_fields import judgement_from, judgement_to_fields
from services.messaging.fields import fields_of, message_from
from services.messaging.merging.taking_over import absorb
from services.messaging.values import Message, Messaging
from tests.services.messaging.samples import CONTENT, NOON, message

LONG = Judgement(
    time=NOON,
    traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
    verdict="WAIT",
    reason="QUIET_HOURS",
    until=NOON + timedelta(hours=9),
    findings=(
        *(Finding(f"gate_{number}", "PASS", "", (("EMAIL", "granted"), ("IN_APP", "none"))) for number in range(7)),
        Finding("quiet_hours", "WAIT", "QUIET_HOURS", (("quiet", "21:00-07:00"), ("time_zone", "Europe/Berlin"))),
    ),
    inputs=(("preference", 7), ("cart", 12), ("purposes", 2**48)),
)
texts = st.text(st.characters(blacklist_characters="=\t"), max_size=20)
findings = st.builds(
    Finding,
    gate=texts,
    verdict=st.sampled_from(["PASS", "WAIT", "SKIP"]),
    reason=texts,
    facts=st.lists(st.tuples(texts, texts), max_size=4).map(tuple),
)


def numbered(number: int) -> Judgement:
    return replace(LONG, time=NOON + timedelta(minutes=number))


def judged(name: str, number: int) -> Message:
    return message(name, judgements=tuple(numbered(each) for each in range(number)))


def test_the_first_judgement_and_the_newest_three_are_kept() -> None:
    kept: tuple[Judgement, ...] = ()
    for number in range(9):
        kept = with_judgement(kept, numbered(number))
    assert kept == tuple(map(numbered, (0, 6, 7, 8)))
    assert newest_judgements(kept, 2) == (numbered(0), numbered(8))
    assert newest_judgements(kept, 1) == (numbered(8),)


@given(st.lists(findings, max_size=5).map(tuple))
def test_a_judgement_is_read_as_it_was_written(found: tuple[Finding, ...]) -> None:
    judgement = replace(LONG, findings=found)
    assert judgement_from(judgement_to_fields(judgement)) == judgement


def test_a_message_from_before_there_were_judgements_has_none() -> None:
    fields = fields_of(message())
    del fields["judgements"]
    assert message_from(fields) == message()
    assert message_from(fields_of(judged("1", 4))) == judged("1", 4)


def test_what_was_decided_is_noted_with_the_step_that_follows_and_a_message_is_not_judged_twice_at_once() -> None:
    state = model.queue(Messaging(), message(), CONTENT).state
    later = model.put_off(*model.noting(state, message(), LONG), due_time=NOON + timedelta(hours=9)).state
    assert later.waiting == (message(judgements=(LONG,), due_time=NOON + timedelta(hours=9)),)


def test_a_record_stays_small_however_many_wait_after_merges() -> None:
    state = Messaging()
    for each in range(5):
        source = Messaging(waiting=tuple(judged(f"{each}_{number}", 4) for number in range(20)))
        state = absorb(state, source, merge_id=f"mrg_{each}", source_customer_id="cus_2", now=NOON).state
    assert len(state.waiting) == 100
    assert {len(one.judgements) for one in state.waiting} == {1}
    assert len(bson.encode({"waiting": [fields_of(one) for one in state.waiting]})) < 170_000
