"""What staff know of conversations survives that two customers turn out to be one, and one to be two."""

from dataclasses import replace
from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from services.messaging.conversations.looking_after import add_note, assign, mark_read
from services.messaging.conversations.talking import Place, Words, post
from services.messaging.conversations.values import Assignee, AssigneeKind, Author, Conversation, Mail, NoteId, Side
from services.messaging.merging.parting import Parted, split
from services.messaging.merging.taking_over import absorb
from services.messaging.values import Messaging
from tests.services.messaging.samples import NOON, WEB, conversation_id, entry_id

BEN = replace(WEB, channel_id="call-centre", actor_id="ben")
AGENT, TEAM = Assignee(AssigneeKind.AGENT, "ben"), Assignee(AssigneeKind.TEAM, "returns")
MERGED = NOON + timedelta(days=1)


def say(state: Messaging, name: str, *, minute: int, author: Author = Author.CUSTOMER, session: str = "") -> Messaging:
    return post(
        state,
        Place(topic="order"),
        Words(author, "", name, "web-shop", 1, session, Mail(f"{name}@x")),
        now=NOON + timedelta(minutes=minute),
        new_conversation_id=conversation_id(name),
        new_entry_id=entry_id(name),
    ).state


def given_to(state: Messaging, assignee: Assignee, at: datetime = NOON) -> Messaging:
    name = only(state).conversation_id
    return assign(state, name, assignee, by=BEN, only_if_free=False, now=at).state


def only(state: Messaging) -> Conversation:
    [conversation] = state.conversations
    return conversation


def joined(survivor: Messaging, source: Messaging) -> Messaging:
    return absorb(survivor, source, merge_id="mrg_1", source_customer_id="cus_2", now=MERGED).state


def parted(now: Messaging, before: Messaging, source: Messaging) -> Parted:
    return split(
        now,
        before=before,
        source=source,
        merge_id="mrg_1",
        source_session_ids=frozenset({"ses_theirs"}),
        said={},
        time=MERGED,
    )


def test_of_two_conversations_on_one_topic_unread_adds_up_and_who_waited_longer_waits() -> None:
    mine, theirs = say(Messaging(), "m", minute=5), say(say(Messaging(), "t", minute=1), "u", minute=9)
    one = only(joined(mine, given_to(theirs, TEAM)))
    assert (one.unread_by_staff, one.waiting_since) == (3, NOON + timedelta(minutes=1))
    assert (one.assignee, one.mail_ids) == (TEAM, ("m@x", "t@x", "u@x"))
    assert only(joined(given_to(mine, AGENT), given_to(theirs, TEAM))).assignee == AGENT


def test_queues_are_told_of_the_one_that_goes_on_and_of_the_one_that_does_not() -> None:
    mine, theirs = say(Messaging(), "m", minute=5), say(Messaging(), "t", minute=1)
    change = absorb(mine, theirs, merge_id="mrg_1", source_customer_id="cus_2", now=MERGED)
    [event] = change.events
    [ended], [grown] = event.conversations, event.grown  # type: ignore[union-attr]
    assert (ended.conversation_id, ended.is_open) == ("cnv_t", False)
    assert (grown.conversation_id, grown.revision) == ("cnv_m", 2)


def test_whoever_was_given_both_since_looks_after_both() -> None:
    mine, theirs = say(Messaging(), "m", minute=5), given_to(say(Messaging(), "t", minute=1), TEAM)
    now = given_to(joined(mine, theirs), AGENT, MERGED)
    after = parted(now, mine, theirs)
    assert only(after.survivor).assignee == only(after.source).assignee == AGENT
    assert only(after.source).conversation_id == "cnv_t"


def test_what_was_read_since_is_read_on_both_sides_and_what_was_not_on_neither() -> None:
    mine, theirs = say(Messaging(), "m", minute=5), say(Messaging(), "t", minute=1)
    now = joined(mine, theirs)
    assert [only(side).unread_by_staff for side in sides(parted(now, mine, theirs))] == [1, 1]
    read = mark_read(now, "cnv_m", Side.STAFF, by=BEN).state
    assert [only(side).unread_by_staff for side in sides(parted(read, mine, theirs))] == [0, 0]
    answered = say(now, "n", minute=2000, author=Author.AGENT)
    assert [only(side).waiting_since for side in sides(parted(answered, mine, theirs))] == [None, None]


def test_notes_are_counted_where_they_stand() -> None:
    mine, theirs = say(Messaging(), "m", minute=5), say(Messaging(), "t", minute=1)
    now = add_note(joined(mine, theirs), "cnv_t", "Careful", by=BEN, new_note_id=NoteId("nte_1"), now=MERGED).state
    assert [only(side).note_count for side in sides(parted(now, mine, theirs))] == [1, 0]


TIMES = st.lists(st.integers(0, 9999).map(lambda minute: NOON - timedelta(minutes=minute)), max_size=30, unique=True)


@given(TIMES, TIMES, TIMES)
def test_reactions_come_along_and_go_back_and_what_came_since_both_know(
    mine: list[datetime], theirs: list[datetime], since: list[datetime]
) -> None:
    before, source = Messaging(reactions=tuple(sorted(mine))), Messaging(reactions=tuple(sorted(theirs)))
    now = joined(before, source)
    at_once = parted(now, before, source)
    assert (at_once.survivor.reactions, at_once.source.reactions) == (before.reactions, source.reactions)
    later = tuple(time + timedelta(days=30) for time in since)[:4]
    after = parted(replace(now, reactions=tuple(sorted((*now.reactions, *later)))), before, source)
    for side, own in ((after.survivor, mine), (after.source, theirs)):
        assert side.reactions == tuple(sorted((*own, *later)))


def sides(after: Parted) -> tuple[Messaging, Messaging]:
    return after.survivor, after.source
