"""Keeps a customer's record within its size where many things are at their limit at once. Pure.

Each list of the record has a bound of its own, and all of them together would be too much. What can be spared goes
first: the newest entries of conversations, which the list of entries has; earlier judgements of messages that wait;
ways through campaigns that ended, of which only an order that is yet to come would not be counted; what came of
triggers; of the last judgement the gates that let the message pass.
Nothing that waits, nothing that is under way, and nothing by which is decided whether something may go is ever dropped.
"""

from collections.abc import Callable
from dataclasses import replace

from services.messaging.deciding.judgement import newest_judgements
from services.messaging.values import Messaging

ROOM_BYTES = 170_000
"""For the state. A record has 256 KB, and remembers requests and what is to be announced beside it."""

Spare = Callable[[Messaging], Messaging]


def within_size(state: Messaging, size_of: Callable[[Messaging, str], int]) -> Messaging:
    """Give the state with as much of what can be spared as there is room for; `size_of` is asked for single lists."""
    sizes = {name: size_of(state, name) for name in Messaging.__slots__}
    for name, spare in SPARED:
        if sum(sizes.values()) <= ROOM_BYTES:
            break
        state = spare(state)
        sizes[name] = size_of(state, name)
    return state


def _entries(most: int) -> Spare:
    def spare(state: Messaging) -> Messaging:
        return replace(
            state,
            conversations=tuple(
                replace(found, recent_entries=found.recent_entries[len(found.recent_entries) - most :])
                if len(found.recent_entries) > most
                else found
                for found in state.conversations
            ),
        )

    return spare


def _judgements(most: int) -> Spare:
    def spare(state: Messaging) -> Messaging:
        return replace(
            state,
            waiting=tuple(
                replace(message, judgements=newest_judgements(message.judgements, most)) for message in state.waiting
            ),
        )

    return spare


def _ended_ways(most: int) -> Spare:
    def spare(state: Messaging) -> Messaging:
        waiting = {message.campaign.enrolment_id for message in state.waiting if message.campaign}
        ended = [one for one in state.enrolments if not one.is_active and one.enrolment_id not in waiting]
        gone = set(ended[: max(len(ended) - most, 0)])
        return replace(state, enrolments=tuple(one for one in state.enrolments if one not in gone))

    return spare


def _heard(most: int) -> Spare:
    return lambda state: replace(state, heard=state.heard[-most:])


def _last_findings(state: Messaging) -> Messaging:
    return replace(
        state,
        waiting=tuple(
            replace(
                message,
                judgements=tuple(replace(judged, findings=judged.findings[-1:]) for judged in message.judgements),
            )
            for message in state.waiting
        ),
    )


def _mail_ids(most: int) -> Spare:
    return lambda state: replace(
        state, conversations=tuple(replace(found, mail_ids=found.mail_ids[-most:]) for found in state.conversations)
    )


SPARED: tuple[tuple[str, Spare], ...] = (
    ("conversations", _entries(3)),
    ("waiting", _judgements(2)),
    ("enrolments", _ended_ways(20)),
    ("conversations", _entries(1)),
    ("waiting", _judgements(1)),
    ("heard", _heard(15)),
    ("enrolments", _ended_ways(5)),
    ("conversations", _entries(0)),
    ("conversations", _mail_ids(1)),
    ("enrolments", _ended_ways(0)),
    ("waiting", _last_findings),
)
"""What is done where there is no room, one after the other, with the list that becomes shorter."""
