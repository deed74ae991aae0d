"""Whoever is content with a context from a moment ago gets it from memory, and never misses what they were told."""

from typing import Any

from omnithread.context.v1 import context_service_pb2 as pb
from services.aggregator.keeping.metrics import MEMORY, PARTLY, SERVICES
from tests.services.aggregator.company import Company, item, login, visitor
from tests.services.aggregator.watching.test_live import renamed
from tests.services.calls import refusal, until

MINUTE: dict[str, Any] = {"max_age": {"seconds": 60}}  # protobuf takes a message as its fields


def skus(answer: pb.GetCustomerContextResponse) -> list[str]:
    return sorted(line.sku for line in answer.context.cart.cart.lines)


def reads(company: Company) -> dict[str, float]:
    sample = company.aggregator.registry.get_sample_value
    return {
        source: sample("omnithread_context_reads_total", {"source": source}) or 0.0
        for source in (MEMORY, PARTLY, SERVICES)
    }


async def from_memory(company: Company, customer_id: str, **fields: Any) -> pb.GetCustomerContextResponse:
    """Ask until the answer comes from memory: a moment after something happened more may follow from it."""

    async def answered() -> pb.GetCustomerContextResponse | None:
        before = reads(company)[MEMORY]
        answer = await company.context(customer_id, **fields)
        return answer if reads(company)[MEMORY] > before else None

    answer = await until(answered)
    assert answer is not None
    return answer


async def quiet_customer(company: Company) -> tuple[str, str]:
    """Somebody whose visit is counted, and the token of their context, which is kept."""
    customer_id = (await company.web.start_session([visitor()])).customer_id
    await company.counted(customer_id, visits=1)
    token = (await company.context(customer_id)).token
    return customer_id, (await from_memory(company, customer_id, at_least=[token])).token


async def test_what_is_new_enough_comes_from_memory_and_is_the_same(company: Company) -> None:
    customer_id, token = await quiet_customer(company)
    for fields in ({"at_least": [token]}, MINUTE, {"at_least": [token], **MINUTE}):
        kept = await from_memory(company, customer_id, **fields)
        newest = await company.context(customer_id)
        assert kept.context == newest.context
        assert [one.section for one in kept.read_times] == [one.section for one in kept.context.versions]


async def test_without_a_wish_nothing_comes_from_memory(company: Company) -> None:
    customer_id, _ = await quiet_customer(company)
    before = reads(company)
    await company.context(customer_id)
    assert reads(company) == {**before, SERVICES: before[SERVICES] + 1}


async def test_what_a_channel_was_told_is_saved_it_sees_at_once(company: Company) -> None:
    customer_id, token = await quiet_customer(company)
    tokens = [token]
    for number in range(10):
        added = await company.web.cart.AddItem(item(customer_id, f"SKU-{number}"))
        tokens.append(added.head.token)
        kept = await company.context(customer_id, at_least=tokens[-16:])
        assert skus(kept) == sorted(f"SKU-{n}" for n in range(number + 1))
        assert any(one.subject == f"SKU-{number}" for one in kept.context.journey.recent_touchpoints)
    assert reads(company)[PARTLY] > 0  # the cart was asked, and not all the others


async def test_what_another_channel_changed_is_seen_a_moment_later(company: Company) -> None:
    customer_id, token = await quiet_customer(company)
    await company.store.cart.AddItem(item(customer_id))

    async def is_seen() -> list[str]:
        return skus(await company.context(customer_id, at_least=[token]))

    assert await until(is_seen)


async def test_a_changed_profile_changes_everything(company: Company) -> None:
    customer_id, token = await quiet_customer(company)
    told = await company.store.profile.UpdateProfile(renamed(customer_id, "Mia"))
    kept = await company.context(customer_id, at_least=[token, told.head.token])
    assert kept.context.profile.given_name == "Mia"


async def test_who_logs_in_sees_what_they_put_into_the_cart_as_a_guest(company: Company) -> None:
    guest = visitor()
    session = await company.web.start_session([guest])
    added = await company.web.cart.AddItem(item(session.customer_id))
    someone = await company.web.start_session([guest, login()])
    tokens = [added.head.token, someone.started.token]
    kept = await company.context(someone.customer_id, at_least=tokens)
    assert skus(kept) == [added.cart.lines[0].sku]


async def test_each_channel_has_its_own(company: Company) -> None:
    customer_id, token = await quiet_customer(company)
    before = reads(company)
    asked = pb.GetCustomerContextRequest(customer_id=customer_id, at_least=[token])
    await company.store.context.GetCustomerContext(asked)
    assert reads(company)[SERVICES] == before[SERVICES] + 1


async def test_a_token_that_nobody_was_given_is_refused(company: Company) -> None:
    customer_id, _ = await quiet_customer(company)
    refused = await refusal(company.context(customer_id, at_least=["1~cus_1~nonsense"]))
    assert (refused.reason, [one.field for one in refused.fields]) == ("INVALID_FIELD", ["at_least"])


async def test_a_token_of_a_database_that_is_not_there_any_more_asks_for_all(company: Company) -> None:
    customer_id, _ = await quiet_customer(company)
    before = reads(company)
    await company.context(customer_id, at_least=[f"1~{customer_id}~epo_gone.5"])
    assert reads(company)[SERVICES] == before[SERVICES] + 1


async def test_a_session_sees_what_it_wrote_and_asks_for_no_more(company: Company) -> None:
    session = await company.web.start_session([visitor()])
    with session.carry():
        await company.counted(session.customer_id, visits=1)
        for number in range(3):
            await company.web.cart.AddItem(item(session.customer_id, f"SKU-{number}"))
            found = await company.web.get_context(session.customer_id)
            assert len(skus(found)) == number + 1
        before = reads(company)[MEMORY]

        async def came_from_memory() -> bool:
            await company.web.get_context(session.customer_id)
            return reads(company)[MEMORY] > before

        assert await until(came_from_memory)
