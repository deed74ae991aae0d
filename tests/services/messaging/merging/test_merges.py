"""What two customers were told and said is one customer's after a merge: nothing is lost, nothing is said twice."""

from libs.ids import new_id
from omnithread import cookie, email
from omnithread.labels import Labels, carry
from omnithread.messaging.v1 import messaging_internal_service_pb2 as internal_pb
from omnithread.messaging.v1 import messaging_service_pb2 as pb
from omnithread.profile.v1.profile_service_pb2 import GetProfileRequest, IdentifyRequest
from tests.services.calls import until
from tests.services.messaging.office import EMAIL, IN_APP, Office, came_to


async def test_open_conversations_on_one_topic_become_one_known_by_both_ids(office: Office) -> None:
    survivor, source = await office.guest(), await office.guest()
    mine = await office.post_entry("web", survivor, "one")
    theirs = await office.post_entry("app", source, "two")
    other = await office.post_entry("app", source, "about that jacket", topic="returns")
    merge_id = new_id("mrg")
    first = await office.absorb(merge_id, source, survivor)
    again = await office.absorb(merge_id, source, survivor)
    assert (first.absorbed_now, again.absorbed_now) == (True, False)

    after = await office.post_entry("call_centre", source, "three", conversation_id=theirs.conversation.conversation_id)
    assert after.conversation.conversation_id == mine.conversation.conversation_id
    assert after.conversation.customer_id == survivor
    assert [entry.text for entry in after.conversation.recent_entries] == ["one", "two", "three"]
    for conversation_id in (mine.conversation.conversation_id, theirs.conversation.conversation_id):
        texts, token = [], ""
        for _ in range(3):
            page = await office.app.GetConversation(
                pb.GetConversationRequest(
                    customer_id=source, conversation_id=conversation_id, page_size=1, page_token=token
                )
            )
            texts += [entry.text for entry in page.entries]
            token = page.next_page_token
        assert (texts, token) == (["one", "two", "three"], "")
    listed = await office.app.ListConversations(pb.ListConversationsRequest(customer_id=survivor))
    assert {conversation.conversation_id for conversation in listed.conversations} == {
        mine.conversation.conversation_id,
        other.conversation.conversation_id,
    }


async def test_messages_of_both_are_one_list_and_a_retry_to_the_old_id_finds_its_answer(office: Office) -> None:
    survivor, source = await office.person(), await office.person()
    await office.put("greeting")
    theirs = await office.send(source.customer_id, "greeting")
    mine = await office.send(survivor.customer_id, "greeting")
    for customer_id, message_id in ((source.customer_id, theirs), (survivor.customer_id, mine)):
        await office.ended(customer_id, message_id)
    await office.absorb(new_id("mrg"), source.customer_id, survivor.customer_id)

    listed = await office.messages(source.customer_id)
    assert [message.message_id for message in listed] == [mine, theirs]
    assert {message.customer_id for message in listed} == {survivor.customer_id}
    assert (await office.message(survivor.customer_id, theirs)).customer_id == survivor.customer_id
    overview = await office.overview(source.customer_id)
    assert (overview.customer_id, len(overview.recent_messages)) == (survivor.customer_id, 2)
    assert [event.WhichOneof("payload") for event in await office.events(source.customer_id)][-1] == "messaging_sealed"
    assert (await office.events(survivor.customer_id))[-1].messaging_absorbed.source_customer_id == source.customer_id


async def test_a_message_that_waited_for_the_guest_goes_out_to_the_customer(patient: Office) -> None:
    survivor = await patient.person(IN_APP)
    guest = await patient.guest()
    await patient.fill_cart(guest)
    waiting = await patient.first_message(guest)
    await patient.absorb(new_id("mrg"), guest, survivor.customer_id)
    message = await patient.message(survivor.customer_id, waiting.message_id)
    assert (message.customer_id, came_to(message)) == (survivor.customer_id, ("QUEUED", ""))
    assert (await patient.overview(survivor.customer_id)).queued_count == 1


async def test_a_merge_that_profile_announces_is_carried_out_and_reported(office: Office) -> None:
    visitor = cookie(new_id("visitor"))
    guest = (await office.profile.Identify(IdentifyRequest(identifiers=[visitor]))).profile.customer_id
    anna = await office.person(EMAIL)
    await office.post_entry("web", guest, "from the guest")
    answer = await office.profile.Identify(IdentifyRequest(identifiers=[visitor, email(anna.address, verified=True)]))
    assert answer.profile.customer_id == anna.customer_id

    async def is_done() -> bool:
        read = await office.profile.GetProfile(GetProfileRequest(customer_id=anna.customer_id))
        [merge] = read.profile.merges
        return "messaging" not in merge.pending_areas

    await until(is_done)
    [conversation] = (await office.overview(anna.customer_id)).open_conversations
    assert [entry.text for entry in conversation.recent_entries] == ["from the guest"]


async def texts_of(office: Office, customer_id: str, conversation_id: str) -> list[str]:
    page = await office.app.GetConversation(
        pb.GetConversationRequest(customer_id=customer_id, conversation_id=conversation_id)
    )
    assert page.conversation.customer_id == customer_id
    return [entry.text for entry in page.entries]


async def test_two_who_were_taken_for_one_have_each_their_own_conversation_again(office: Office) -> None:
    anna, bob = await office.guest(), await office.guest()
    hers = (await office.post_entry("web", anna, "hers")).conversation.conversation_id
    his = (await office.post_entry("app", bob, "his")).conversation.conversation_id
    merge_id = new_id("mrg")
    await office.absorb(merge_id, bob, anna)
    await office.post_entry("web", anna, "hers again", conversation_id=his)
    with carry(Labels(session_id="ses_bob")):
        for number in range(12):
            await office.post_entry("app", bob, f"his {number}")
        other = (await office.post_entry("app", bob, "returns", topic="returns")).conversation.conversation_id

    answers = [await office.release(merge_id, bob, anna, "ses_bob") for _ in range(2)]
    assert [answer.released_now for answer in answers] == [True, False]
    assert await texts_of(office, anna, hers) == ["hers", "hers again"]
    his_texts = ["his", *(f"his {number}" for number in range(12))]
    assert await texts_of(office, bob, his) == await texts_of(office, bob, hers) == his_texts
    assert await texts_of(office, bob, other) == ["returns"]
    for customer_id, conversation_ids in ((anna, {hers}), (bob, {his, other})):
        listed = await office.app.ListConversations(pb.ListConversationsRequest(customer_id=customer_id))
        assert {one.conversation_id for one in listed.conversations} == conversation_ids
        overview = await office.overview(customer_id)
        assert {one.conversation_id for one in overview.open_conversations} == conversation_ids
    counts = {one.topic: one.entry_count for one in (await office.overview(bob)).open_conversations}
    assert counts == {"returns": 1, "order": 13}
    assert (await office.events(bob))[-1].messaging_released.survivor_customer_id == anna
    assert not (await office.absorb(merge_id, bob, anna)).absorbed_now


async def test_messages_go_back_to_whom_they_were_for_and_none_is_sent_twice(office: Office) -> None:
    anna, bob = await office.person(), await office.person()
    await office.put("greeting")
    his = await office.send(bob.customer_id, "greeting")
    await office.ended(bob.customer_id, his)
    merge_id = new_id("mrg")
    await office.absorb(merge_id, bob.customer_id, anna.customer_id)
    hers = await office.send(anna.customer_id, "greeting")
    with carry(Labels(session_id="ses_bob")):
        his_new = await office.send(bob.customer_id, "greeting")
    for message_id in (hers, his_new):
        await office.ended(anna.customer_id, message_id)

    await office.release(merge_id, bob.customer_id, anna.customer_id, "ses_bob")
    assert [message.message_id for message in await office.messages(anna.customer_id)] == [hers]
    assert [message.message_id for message in await office.messages(bob.customer_id)] == [his_new, his]
    overview = await office.overview(bob.customer_id)
    assert {message.message_id for message in overview.recent_messages} == {his_new, his}
    outcome = await office.internal.GetMergeOutcome(
        internal_pb.GetMergeOutcomeRequest(merge_id=merge_id, survivor_customer_id=anna.customer_id)
    )
    assert [(thing.kind, thing.name) for thing in outcome.things] == [("field", "sent")]


async def test_a_cart_left_by_somebody_who_was_merged_since_is_not_reminded_of(patient: Office) -> None:
    anna, guest = await patient.person(IN_APP), await patient.guest()
    await patient.absorb(new_id("mrg"), guest, anna.customer_id)
    await patient.fill_cart(guest)  # cart has not heard of the merge, and announces it in the guest's name
    await patient.fill_cart(anna.customer_id)
    reminder = await patient.first_message(anna.customer_id)
    assert [message.message_id for message in await patient.messages(anna.customer_id)] == [reminder.message_id]
