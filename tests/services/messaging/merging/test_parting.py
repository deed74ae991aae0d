"""A merge of two customers was a mistake and is undone: each has their own messages and conversations again."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from libs.errors import OmnithreadError
from services.messaging.conversations.talking import Place, Words, post
from services.messaging.conversations.values import Author, Conversation
from services.messaging.merging.parting import Parted, split
from services.messaging.merging.taking_over import absorb
from services.messaging.model import queue
from services.messaging.values import Content, Message, MessageState, Messaging, Sending
from tests.services.messaging.samples import NOON, WEB, conversation_id, entry_id, message

MINE, THEIRS = "ses_mine", "ses_theirs"
TOPICS = ("order", "returns", "sizes", "stores")
MERGED = NOON + timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Act:
    """Something that is said or sent."""

    what: str
    """A topic, or `mail`."""
    session_id: str


def done(state: Messaging, acts: Sequence[Act], name: str, *, start: int = 0) -> Messaging:
    """The state after these acts, one a minute."""
    for number, act in enumerate(acts, start=start):
        at, key = NOON + timedelta(minutes=number), f"{name}_{number}"
        if act.what == "mail":
            origin = replace(WEB, session_id=act.session_id)
            state = queue(state, message(key, origin=origin, create_time=at), Content()).state
            state = replace(state, sent=(*state.sent, Sending("service", at)))
        else:
            state = post(
                state,
                Place(topic=act.what),
                Words(Author.CUSTOMER, "", key, "web-shop", 1, act.session_id),
                now=at,
                new_conversation_id=conversation_id(key),
                new_entry_id=entry_id(key),
            ).state
    return state


def histories(*session_ids: str, most: int = 6) -> st.SearchStrategy[list[Act]]:
    return st.lists(st.builds(Act, st.sampled_from([*TOPICS, "mail"]), st.sampled_from(session_ids)), max_size=most)


def joined(before: Messaging, source: Messaging) -> Messaging:
    return absorb(before, source, merge_id="mrg_1", source_customer_id="cus_2", now=MERGED).state


def parted(now: Messaging, before: Messaging, source: Messaging) -> Parted:
    theirs = [entry for found in now.conversations for entry in found.recent_entries if entry.session_id == THEIRS]
    return split(
        now,
        before=before,
        source=source,
        merge_id="mrg_1",
        source_session_ids=frozenset({THEIRS}),
        said={found.conversation_id: _count(found, theirs) for found in now.conversations},
        time=MERGED,
    )


def _count(conversation: Conversation, entries: Sequence[object]) -> int:
    return sum(1 for entry in conversation.recent_entries if entry in entries)


def texts(state: Messaging) -> set[str]:
    return {entry.text for conversation in state.conversations for entry in conversation.recent_entries}


def messages(state: Messaging) -> set[str]:
    return {waiting.message_id for waiting in state.waiting}


def as_told(state: Messaging) -> Messaging:
    """What anybody sees: how often a conversation was written to the list is ours."""
    return replace(state, conversations=tuple(replace(found, revision=1) for found in state.conversations))


@given(histories(MINE), histories(THEIRS))
def test_a_merge_that_is_undone_at_once_leaves_both_as_they_were(mine: list[Act], theirs: list[Act]) -> None:
    before, source = done(Messaging(), mine, "m"), done(Messaging(), theirs, "t")
    after = parted(joined(before, source), before, source)
    assert as_told(after.survivor) == as_told(before)
    assert as_told(after.source) == as_told(source)


@given(histories(MINE), histories(THEIRS), histories(MINE, THEIRS, "", most=5))
def test_what_was_said_and_sent_since_goes_to_the_side_of_its_visit_and_nothing_is_lost(
    mine: list[Act], theirs: list[Act], since: list[Act]
) -> None:
    before, source = done(Messaging(), mine, "m"), done(Messaging(), theirs, "t")
    now = done(joined(before, source), since, "n", start=2000)
    after = parted(now, before, source)
    new = {f"n_{number}": act for number, act in enumerate(since, start=2000)}
    for state, old, is_theirs in ((after.survivor, before, False), (after.source, source, True)):
        own = {key: act for key, act in new.items() if (act.session_id == THEIRS) == is_theirs}
        assert texts(state) == texts(old) | {key for key, act in own.items() if act.what != "mail"}
        assert messages(state) == messages(old) | {f"msg_{key}" for key, act in own.items() if act.what == "mail"}
        assert len({found.topic for found in state.conversations}) == len(state.conversations)
        for found in state.conversations:
            assert found.entry_count == len(found.recent_entries) or found.entry_count > 10
            assert {entry.conversation_id for entry in found.recent_entries} <= set(found.ids)
        assert {summary.message_id for summary in state.recent} == messages(state)


@given(histories(MINE), histories(THEIRS), histories(MINE, THEIRS, "", most=5))
def test_caps_count_what_was_sent_before_on_one_side_and_since_on_both(
    mine: list[Act], theirs: list[Act], since: list[Act]
) -> None:
    before, source = done(Messaging(), mine, "m"), done(Messaging(), theirs, "t")
    after = parted(done(joined(before, source), since, "n", start=2000), before, source)
    more = sum(1 for act in since if act.what == "mail")
    assert len(after.survivor.sent) == len(before.sent) + more
    assert len(after.source.sent) == len(source.sent) + more


def test_who_spoke_in_the_others_conversation_finds_it_under_the_id_that_they_were_told() -> None:
    before = done(Messaging(), [Act("order", MINE)], "m")
    now = done(joined(before, Messaging()), [Act("order", THEIRS), Act("order", MINE)], "n", start=2000)
    after = parted(now, before, Messaging())
    [mine], [theirs] = after.survivor.conversations, after.source.conversations
    assert [entry.text for entry in mine.recent_entries] == ["m_0", "n_2001"]
    assert [entry.text for entry in theirs.recent_entries] == ["n_2000"]
    assert (mine.ids, theirs.joined_ids) == (("cnv_m_0",), ("cnv_m_0",))
    assert after.conversations.source_listed == (theirs,)


def test_a_conversation_that_was_joined_is_open_again_and_written_anew_to_the_list() -> None:
    before, source = done(Messaging(), [Act("order", MINE)], "m"), done(Messaging(), [Act("order", THEIRS)], "t")
    after = parted(joined(before, source), before, source)
    [listed] = after.conversations.source_listed
    assert (listed.conversation_id, listed.is_open, listed.joined_into) == ("cnv_t_0", True, "")
    assert listed.revision > 2
    [mine] = after.conversations.survivor_listed
    assert (mine.conversation_id, mine.revision) == ("cnv_m_0", 3)


def test_a_message_of_the_source_that_is_being_sent_is_waited_for() -> None:
    source = done(Messaging(), [Act("mail", THEIRS)], "t")
    now = joined(Messaging(), source)
    sending: tuple[Message, ...] = tuple(replace(one, state=MessageState.SENDING) for one in now.waiting)
    with pytest.raises(OmnithreadError, match="CONFLICT"):
        parted(replace(now, waiting=sending), Messaging(), source)
    assert messages(parted(replace(now, waiting=()), Messaging(), source).source) == set()


def test_a_message_that_was_sent_meanwhile_is_told_as_sent() -> None:
    source = done(Messaging(), [Act("mail", THEIRS)], "t")
    now = joined(Messaging(), source)
    [summary] = now.recent
    now = replace(now, waiting=(), recent=(replace(summary, state=MessageState.SENT),))
    after = parted(now, Messaging(), source)
    assert [one.state for one in after.source.recent] == [MessageState.SENT]
    assert after.survivor.recent == ()


def test_the_report_says_what_became_of_messages_and_conversations() -> None:
    before = done(Messaging(), [Act("order", MINE)], "m")
    source = done(Messaging(), [Act("order", THEIRS), Act("returns", THEIRS), Act("mail", THEIRS)], "t")
    change = absorb(before, source, merge_id="mrg_1", source_customer_id="cus_2", now=MERGED)
    assert [(thing.kind, thing.name, thing.action.value) for thing in change.merged] == [
        ("message", "msg_t_2", "kept"),
        ("field", "sent", "summed"),
        ("conversation", "cnv_t_1", "kept"),
        ("conversation", "cnv_t_0", "summed"),
    ]
