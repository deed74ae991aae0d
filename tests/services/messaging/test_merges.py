"""What two customers were told and said is one customer's after a merge: nothing is lost, nothing is said twice."""

from libs.ids import new_id
from omnithread import cookie, email
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
