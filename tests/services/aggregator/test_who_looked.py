"""Whoever begins a session for a customer, or has their page open, is in the aggregator's log with their own name."""

from contextlib import aclosing

import omnithread
from omnithread.common.v1 import audit_service_pb2 as pb
from omnithread.context.v1 import context_service_pb2 as context_pb
from tests.services.aggregator.company import Company, login
from tests.services.calls import until


async def noted(company: Company, customer_id: str, at_least: int) -> set[tuple[str, str]]:
    """Give who is noted with which method."""
    auditor = company.services.connect("call-centre", actor="auditor", scopes={"audit:read"})
    request = pb.ListAuditEntriesRequest(customer_id=customer_id, page_size=100)

    async def looked() -> set[tuple[str, str]]:
        entries = (await auditor.audit_logs["context"].ListAuditEntries(request)).entries
        found = {(entry.actor_id, entry.method.rpartition("/")[2]) for entry in entries if entry.actor_id != "auditor"}
        assert not any(entry.service for entry in entries)
        return found if len(found) >= at_least else set()

    return await until(looked)


def agent(company: Company, name: str) -> omnithread.Omnithread:
    return company.services.connect("call-centre", actor=name)


async def test_an_agent_who_begins_a_session_for_somebody_is_noted(company: Company) -> None:
    anna = (await agent(company, "nosy").start_session([login()])).customer_id
    assert await noted(company, anna, 1) == {("nosy", "StartSession")}


async def test_each_of_two_who_have_a_page_open_together_is_noted(company: Company) -> None:
    anna = (await company.web.start_session([login()])).customer_id
    async with aclosing(agent(company, "ada").watch_context(anna)) as one:
        await anext(one)
        async with aclosing(agent(company, "bob").watch_context(anna)) as other:
            await anext(other)
    request = context_pb.GetCustomerContextRequest(customer_id=anna)
    await agent(company, "cleo").context.GetCustomerContext(request, timeout=40)
    assert await noted(company, anna, 4) == {
        ("", "StartSession"),
        ("ada", "WatchCustomerContext"),
        ("bob", "WatchCustomerContext"),
        ("cleo", "GetCustomerContext"),
    }
