"""What customers said about how to be spoken to."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from libs.errors import OmnithreadError
from libs.origin import Origin
from omnithread.common.v1 import channel_pb2, delivery_pb2
from services.preference import model
from services.preference.events import ConsentSet, PreferencesUpdated
from services.preference.model import MAX_CONSENTS, Act, Statement
from services.preference.values import GRANTED, REVOKED, ConsentKey, Pause, Preferences, QuietHours

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
EMAIL = delivery_pb2.DELIVERY_KIND_EMAIL
REMINDERS = ConsentKey("cart_reminder", EMAIL, "")
SHOP = Origin("web-shop", channel_pb2.CHANNEL_KIND_WEB)


def at(minutes: float, *, issued: float | None = None) -> Act:
    time = NOON + timedelta(minutes=minutes)
    return Act(origin=SHOP, time=time, issue_time=time if issued is None else NOON + timedelta(minutes=issued))


def says(state: int, key: ConsentKey = REMINDERS) -> Statement:
    return Statement(key, state, wording="May we remind you?", wording_version="1", source="cart page")


def states(preferences: Preferences) -> dict[ConsentKey, int]:
    return {consent.key: consent.state for consent in preferences.consents}


def test_only_the_fields_named_change_and_the_event_names_them() -> None:
    before = Preferences(language="de", interests=("shoes",))
    change = model.update(before, Preferences(language="fr", time_zone="Europe/Paris"), ["time_zone"], act=at(0))
    assert change.state == replace(before, time_zone="Europe/Paris", update_time=NOON)
    assert change.events == (PreferencesUpdated(NOON, ("time_zone",)),)


def test_saying_the_same_again_announces_nothing() -> None:
    before = Preferences(quiet_hours=QuietHours(1320, 420))
    assert model.update(before, before, ["quiet_hours"], act=at(0)).events == ()


def test_a_pause_that_is_over_falls_away() -> None:
    over, to_come = Pause("", NOON), Pause("newsletter", NOON + timedelta(days=1))
    change = model.update(Preferences(), Preferences(pauses=(over, to_come)), ["pauses"], act=at(0))
    assert change.state.pauses == (to_come,)


@pytest.mark.parametrize("mask", [[], ["*"], ["consents"], ["language", "version"], ["quiet_hours.start_minute"]])
def test_a_mask_that_names_nothing_everything_or_a_wrong_field_is_refused(mask: list[str]) -> None:
    with pytest.raises(OmnithreadError) as refused:
        model.update(Preferences(), Preferences(), mask, act=at(0))
    assert refused.value.reason == "UPDATE_MASK_INVALID"


def test_every_yes_and_no_has_its_record() -> None:
    change = model.set_consent(Preferences(), says(GRANTED), act=at(0), record_id="con_1")
    (event,) = change.events
    assert isinstance(event, ConsentSet)
    assert event.record.wording == "May we remind you?"
    assert change.facts == {"record_id": "con_1", "state": str(GRANTED), "confirmation_id": ""}
    assert change.state.consents[0].record_id == "con_1"


def test_a_later_yes_takes_back_a_no() -> None:
    no = model.set_consent(Preferences(), says(REVOKED), act=at(0), record_id="con_1").state
    yes = model.set_consent(no, says(GRANTED), act=at(1), record_id="con_2").state
    assert states(yes) == {REMINDERS: GRANTED}


def test_a_yes_that_was_said_before_the_no_and_told_later_is_recorded_and_changes_nothing() -> None:
    no = model.set_consent(Preferences(), says(REVOKED), act=at(0), record_id="con_1").state
    change = model.set_consent(no, says(GRANTED), act=at(60, issued=-60), record_id="con_2")
    assert change.state == no
    assert len(change.events) == 1


def test_a_no_counts_however_late_it_is_told() -> None:
    yes = model.set_consent(Preferences(), says(GRANTED), act=at(0), record_id="con_1").state
    no = model.set_consent(yes, says(REVOKED), act=at(60, issued=-60), record_id="con_2").state
    assert states(no) == {REMINDERS: REVOKED}


def test_a_channel_whose_clock_is_a_little_slow_can_take_back_a_no() -> None:
    no = model.set_consent(Preferences(), says(REVOKED), act=at(0), record_id="con_1").state
    yes = model.set_consent(no, says(GRANTED), act=at(1, issued=-3), record_id="con_2").state
    assert states(yes) == {REMINDERS: GRANTED}


def test_a_no_for_every_address_outweighs_an_older_yes_for_one() -> None:
    no = model.set_consent(Preferences(), says(REVOKED), act=at(0), record_id="con_1").state
    one = replace(REMINDERS, contact_point="a@example.com")
    told_late = model.set_consent(no, says(GRANTED, one), act=at(60, issued=-60), record_id="con_2").state
    assert states(told_late) == {REMINDERS: REVOKED}


def test_a_customer_has_at_most_a_hundred_consents_and_can_still_change_each() -> None:
    preferences = Preferences()
    for number in range(MAX_CONSENTS):
        statement = says(GRANTED, replace(REMINDERS, purpose=f"purpose_{number}"))
        preferences = model.set_consent(preferences, statement, act=at(0), record_id=f"con_{number}").state
    with pytest.raises(OmnithreadError) as refused:
        model.set_consent(preferences, says(GRANTED), act=at(1), record_id="con_x")
    assert refused.value.reason == "CONSENT_LIMIT"
    first = replace(REMINDERS, purpose="purpose_0")
    assert (
        states(model.set_consent(preferences, says(REVOKED, first), act=at(1), record_id="c").state)[first] == REVOKED
    )
