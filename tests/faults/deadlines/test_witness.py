"""The witness finds what it looks for."""

import time

from tests.faults.deadlines.witness import Watched, Witness
from tests.proxies.grpc_relay import Arrived, trace_id_of

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


def test_what_takes_no_longer_than_is_left_is_fine() -> None:
    watched = Watched("a call", time.monotonic() + 1.0)
    for seconds in (0.0, 0.5, 0.99):
        watched.look("find", seconds)
    assert (watched.over, watched.late) == ([], [])


def test_what_may_take_longer_or_for_ever_is_told() -> None:
    watched = Watched("a call", time.monotonic() + 1.0)
    watched.look("find", 1.2)
    watched.look("update", None)
    assert len(watched.over) == 2
    assert watched.late == []


def test_what_begins_after_the_end_is_told_however_little_it_takes() -> None:
    watched = Watched("a call", time.monotonic() - 0.2)
    watched.look("find", 0.005)
    assert len(watched.late) == 1


def test_calls_between_services_are_known_by_their_trace() -> None:
    witness = Witness()
    watched = witness.watch(trace_id_of(f"00-{TRACE}-00f067aa0ba902b7-01"), "a call", 1.0)
    witness.arrived(Arrived("Get", TRACE, time.monotonic() + 0.9))
    witness.arrived(Arrived("Get", TRACE, time.monotonic() + 5.0))
    witness.arrived(Arrived("Get", TRACE, None))
    witness.arrived(Arrived("Get", "f" * 32, None))
    assert watched.calls == 3
    assert len(watched.over) == 2
