"""The laws of campaigns, whatever their steps: each step once, an end always, and nothing after it."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.purposes import DEFAULT_PURPOSES
from services.messaging.campaigns.checking import faults_of
from services.messaging.campaigns.definition import (
    Arm,
    ArmTest,
    Audience,
    Branch,
    Case,
    Exit,
    MessageOutcome,
    MessageTest,
    Send,
    Step,
    WaitFor,
    WaitUntil,
)
from services.messaging.campaigns.engine import Facts, advance, arm_of, ended, next_local
from services.messaging.campaigns.values import CONTROL, Enrolment
from tests.services.messaging.campaigns.samples import campaign, entered, send
from tests.services.messaging.samples import NOON

FAR = 400
ARMS = (Arm("a", 1), Arm("b", 3))


def enrolled() -> Enrolment:
    return entered(campaign()).enrolments[0]


@st.composite
def steps(draw: st.DrawFn) -> tuple[Step, ...]:
    """Steps of any kind, each leading further down the list."""
    count = draw(st.integers(1, 12))
    names = [f"s{number}" for number in range(count)]
    made: list[Step] = []
    for number, name in enumerate(names):
        later = names[number + 1 :]
        earlier_sends = [step.step_id for step in made if isinstance(step.action, Send)]
        kinds = ["send", "wait", "until", "audience", "exit", *(["branch"] if later else [])]
        match draw(st.sampled_from(kinds)):
            case "send":
                action: object = Send(template_id="cart_reminder")
            case "wait":
                action = WaitFor(timedelta(seconds=draw(st.integers(1, 90 * 86400))))
            case "until":
                action = WaitUntil(draw(st.integers(0, 1439)))
            case "audience":
                action = Audience("cart", draw(st.sampled_from(["add", "remove"])), "ad")
            case "branch":
                tests: list[ArmTest | MessageTest] = [ArmTest("a"), ArmTest("b")]
                tests += [MessageTest(step_id, MessageOutcome.OPENED) for step_id in earlier_sends]
                cases = draw(
                    st.lists(st.builds(Case, st.sampled_from(tests), st.sampled_from(later)), min_size=1, max_size=3)
                )
                action = Branch(tuple(cases))
            case _:
                action = Exit()
        made.append(Step(name, action))  # type: ignore[arg-type]  # one of the actions
    return tuple(made)


def walk(one: Enrolment, made: tuple[Step, ...], arm: str, opened: frozenset[str]) -> tuple[Enrolment, list[str], int]:
    """Go all the way; the messages that it queued, and how many steps that took."""
    definition = replace(campaign(*made).definition, arms=ARMS)
    facts = Facts(
        zone=ZoneInfo("Europe/Berlin"),
        outcomes={name: frozenset({MessageOutcome.SENT, MessageOutcome.OPENED}) for name in opened},
    )
    messages: list[str] = []
    taken = 0
    while one.due_time is not None and taken < FAR:
        moved = advance(one, definition, facts, arm=arm, now=one.due_time)
        messages += [moved.planned.message_id] if moved.planned else []
        one = moved.enrolment
        taken += 1
    return one, messages, taken


@given(steps(), st.sampled_from(["a", "b", CONTROL]), st.frozensets(st.sampled_from([f"s{n}" for n in range(12)])))
def test_every_way_ends_with_each_step_taken_once_at_most(
    made: tuple[Step, ...], arm: str, opened: frozenset[str]
) -> None:
    one, messages, taken = walk(enrolled(), made, arm, opened)
    assert not one.is_active
    assert taken <= len(made) + 2
    names = [step.step_id for step in one.path]
    assert len(names) == len(set(names))
    assert len(messages) == len(set(messages))
    assert names == sorted(names, key=[step.step_id for step in made].index)
    if arm == CONTROL:
        assert (messages, one.end_reason) == ([], "CONTROL_GROUP")


@given(steps(), st.integers(0, 14))
def test_who_has_left_gets_nothing_more(made: tuple[Step, ...], after: int) -> None:
    definition = campaign(*made).definition
    one = enrolled()
    for _ in range(after):
        if one.due_time is not None:
            one = advance(one, definition, Facts(), arm="a", now=one.due_time).enrolment
    gone = ended(one, "ORDERED", NOON)
    moved = advance(gone, definition, Facts(), arm="a", now=NOON + timedelta(days=365))
    assert (moved.enrolment, moved.planned) == (gone, None)


@given(steps())
def test_nothing_happens_before_its_time(made: tuple[Step, ...]) -> None:
    one = enrolled()
    definition = campaign(*made).definition
    while one.due_time is not None:
        early = advance(one, definition, Facts(), arm="a", now=one.due_time - timedelta(milliseconds=1))
        assert early.enrolment is one
        one = advance(one, definition, Facts(), arm="a", now=one.due_time).enrolment


def test_arms_are_sticky_and_shared_out_as_told() -> None:
    definition = campaign(control_percent=10, arms=ARMS).definition
    arms = [arm_of(definition, "cart", f"cus_{number}") for number in range(4000)]
    assert arms == [arm_of(definition, "cart", f"cus_{number}") for number in range(4000)]
    assert 300 < arms.count(CONTROL) < 500
    assert 2.5 < arms.count("b") / arms.count("a") < 3.6
    assert arms != [arm_of(definition, "other", f"cus_{number}") for number in range(4000)]


@pytest.mark.parametrize(
    ("now", "minute", "expected"),
    [
        (datetime(2026, 3, 29, 0, 30, tzinfo=UTC), 150, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)),
        (datetime(2026, 10, 24, 22, 0, tzinfo=UTC), 150, datetime(2026, 10, 25, 0, 30, tzinfo=UTC)),
        (datetime(2026, 7, 1, 7, 0, tzinfo=UTC), 540, datetime(2026, 7, 2, 7, 0, tzinfo=UTC)),
    ],
    ids=["an hour that is left out", "an hour that comes twice", "it is just that minute"],
)
def test_until_a_minute_of_the_day_by_the_customers_clock(now: datetime, minute: int, expected: datetime) -> None:
    assert next_local(now, minute, ZoneInfo("Europe/Berlin")) == expected


@given(st.integers(0, 10 * 365 * 24 * 60), st.integers(0, 1439))
def test_it_always_comes_within_a_day_and_an_hour(minutes: int, minute: int) -> None:
    now = datetime(2020, 1, 1, tzinfo=UTC) + timedelta(minutes=minutes)
    at = next_local(now, minute, ZoneInfo("America/St_Johns"))
    assert timedelta(0) < at - now <= timedelta(hours=25)


def test_a_campaign_whose_steps_lead_back_or_nowhere_is_refused_with_the_places() -> None:
    made = (
        Step("first", WaitFor(timedelta(hours=1)), next_step_id="third"),
        send("second"),
        Step("third", Branch((Case(MessageTest("second", MessageOutcome.SENT), "first"), Case(ArmTest("x"), "end")))),
        Step("end", Exit()),
        Step("end", Send()),
    )
    definition = replace(campaign(*made).definition, reentry_days=3, exit_on=frozenset(), purpose="spam")
    faults = {fault.field for fault in faults_of(definition, purposes=DEFAULT_PURPOSES)}
    assert faults == {
        "definition.purpose",
        "definition.reentry_days",
        "definition.steps[2].branch.cases[0].step_id",
        "definition.steps[2].branch.cases[1].arm",
        "definition.steps[4].step_id",
        "definition.steps[4].send.template_id",
    }
    lonely = campaign(Step("first", Exit()), send("never")).definition
    [fault] = faults_of(lonely, purposes=DEFAULT_PURPOSES)
    assert (fault.field, fault.description) == ("definition.steps[1].step_id", "no way leads to it")
