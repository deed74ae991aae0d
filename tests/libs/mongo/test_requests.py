from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from libs.mongo import requests
from libs.mongo.requests import RequestLog, facts_of, request_entry
from libs.origin import Stamp
from tests.libs.mongo.notebook import NOON, STORE, WEB, stamp


def after(log: RequestLog, *stamps: Stamp) -> RequestLog:
    for carried_out in stamps:
        log = log.with_request(request_entry(carried_out, version=1, facts={}))
    return log


def refusal(log: RequestLog, asked: Stamp, *, now: datetime = NOON) -> str:
    try:
        log.check_fresh(asked, now)
    except OmnithreadError as error:
        return error.reason
    return ""


def test_a_known_request_is_found_with_its_facts() -> None:
    asked = stamp("buy milk")
    log = RequestLog().with_request(request_entry(asked, version=3, facts={"line_id": "lin_1"}))
    found = log.find(asked)
    assert found is not None
    assert facts_of(found) == {"line_id": "lin_1"}


def test_the_same_id_with_another_body_is_refused() -> None:
    log = after(RequestLog(), stamp("buy milk", request_id="request-number-one"))
    with pytest.raises(OmnithreadError) as caught:
        log.find(stamp("buy beer", request_id="request-number-one"))
    assert caught.value.reason == "REQUEST_ID_REUSED"


def test_a_clock_may_be_a_minute_ahead_and_no_more() -> None:
    assert refusal(RequestLog(), stamp(issue_time=NOON + timedelta(seconds=60))) == ""
    assert refusal(RequestLog(), stamp(issue_time=NOON + timedelta(seconds=60, milliseconds=1))) == "CLOCK_SKEW"


def test_a_dropped_request_is_refused_on_its_own_channel_only() -> None:
    first = stamp(issue_time=NOON)
    newer = [stamp(issue_time=NOON + timedelta(seconds=number)) for number in range(1, 129)]
    log = after(RequestLog(), first, *newer)
    assert len(log.requests) == 128
    assert log.find(first) is None
    assert refusal(log, first) == "REQUEST_TOO_OLD"
    assert refusal(log, replace(first, origin=STORE)) == ""
    assert refusal(log, stamp(issue_time=NOON + timedelta(milliseconds=1))) == ""


def test_background_work_does_not_push_a_channels_request_out() -> None:
    bought = stamp(issue_time=NOON)
    log = after(RequestLog(), bought, *(stamp(issue_time=None) for _ in range(500)))
    assert log.find(bought) is not None
    assert log.floors == ()


def test_channels_do_not_push_the_newest_background_work_out() -> None:
    background = [stamp(issue_time=None) for _ in range(32)]
    log = after(RequestLog(), *background, *(stamp() for _ in range(500)))
    assert all(log.find(work) is not None for work in background)


channels = st.sampled_from([f"channel-{number}" for number in range(4)])
seconds = st.integers(min_value=0, max_value=9)


@given(carried_out=st.lists(st.tuples(channels, seconds, st.booleans()), max_size=80))
def test_whatever_was_carried_out_is_known_or_too_old(carried_out: list[tuple[str, int, bool]]) -> None:
    with pytest.MonkeyPatch.context() as small:
        small.setattr(requests, "MAX_REQUESTS", 5)
        small.setattr(requests, "MAX_INTERNAL", 1)
        small.setattr(requests, "MAX_FLOORS", 2)
        log, seen = RequestLog(), []
        for channel, second, internal in carried_out:
            issue_time = None if internal else NOON + timedelta(seconds=second)
            asked = stamp(issue_time=issue_time, origin=replace(WEB, channel_id=channel))
            if refusal(log, asked):
                continue  # it would not have been carried out
            log = after(log, asked)
            seen.append(asked)
        assert len(log.requests) <= 5
        assert len(log.floors) <= 2
        for asked in seen:
            if asked.issue_time is not None:
                assert log.find(asked) is not None or refusal(log, asked) == "REQUEST_TOO_OLD"


@given(channel=channels, others=st.lists(st.tuples(channels, seconds), max_size=40))
def test_a_channel_with_a_wrong_clock_harms_only_itself(channel: str, others: list[tuple[str, int]]) -> None:
    log = RequestLog()
    for other, second in others:
        if other != channel:
            log = after(log, stamp(issue_time=NOON + timedelta(seconds=second), origin=replace(WEB, channel_id=other)))
    with pytest.MonkeyPatch.context() as small:
        small.setattr(requests, "MAX_REQUESTS", 3)
        log = after(log, *(stamp(issue_time=NOON, origin=WEB) for _ in range(5)))
    old = stamp(issue_time=NOON - timedelta(days=1), origin=replace(WEB, channel_id=channel))
    assert refusal(log, old) == ""
