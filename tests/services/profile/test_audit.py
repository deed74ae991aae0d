"""Who was refused and who read what is personal stands in profile's audit log, and nothing personal does."""

import asyncio
from collections.abc import Sequence

import grpc
import pytest
from google.protobuf.field_mask_pb2 import FieldMask

import omnithread
from libs.ids import new_id
from omnithread.common.v1 import audit_service_pb2 as pb
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import (
    BatchGetProfilesRequest,
    GetProfileRequest,
    IdentifyRequest,
    UpdateProfileRequest,
)
from tests.services.calls import refusal, until
from tests.services.profile.reception import Reception
from tests.services.running import Services

TRACE_ID = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.fixture
def auditor(services: Services, reception: Reception) -> omnithread.Omnithread:
    return services.connect("call-centre", actor="auditor", scopes={"audit:read"})


async def entries(auditor: omnithread.Omnithread, at_least: int = 1, **wanted: object) -> Sequence[pb.AuditEntry]:
    request = pb.ListAuditEntriesRequest(page_size=100, **wanted)  # type: ignore[arg-type]  # by name

    async def looked() -> Sequence[pb.AuditEntry]:
        answer = await auditor.audit_logs["profile"].ListAuditEntries(request)
        found = [entry for entry in answer.entries if entry.actor_id != "auditor"]  # who looks here is noted as well
        return found if len(found) >= at_least else ()

    return await until(looked)


async def customer(reader: omnithread.Omnithread, address: str) -> str:
    found = await reader.profile.Identify(IdentifyRequest(identifiers=[omnithread.email(address, verified=True)]))
    return found.profile.customer_id


async def test_a_member_of_staff_who_reads_a_profile_is_noted_with_whom_they_read_and_no_address(
    services: Services, auditor: omnithread.Omnithread
) -> None:
    agent, address = services.connect("call-centre", actor="anna"), f"{new_id('looked')}@example.com"
    anna = await customer(agent, address)
    asked = GetProfileRequest(identifier=omnithread.email(address, verified=True))
    await agent.profile.GetProfile(asked, metadata=(("traceparent", f"00-{TRACE_ID}-00f067aa0ba902b7-01"),))
    [entry] = [one for one in await entries(auditor, 2, customer_id=anna) if one.method.endswith("GetProfile")]
    assert (entry.channel_id, entry.actor_id, entry.service) == ("call-centre", "anna", "")
    assert entry.method == "/omnithread.profile.v1.ProfileService/GetProfile"
    assert entry.verdict == pb.AUDIT_VERDICT_ALLOWED
    assert list(entry.customer_ids) == [anna]
    assert entry.trace_id == TRACE_ID
    assert address not in str(entry)


async def test_who_looks_somebody_up_by_changing_nothing_is_noted_too(
    services: Services, auditor: omnithread.Omnithread
) -> None:
    agent = services.connect("call-centre", actor="ben")
    bella = await customer(agent, f"{new_id('nosy')}@example.com")
    asked = UpdateProfileRequest(profile=Profile(customer_id=bella), update_mask=FieldMask(paths=["traits"]))
    assert (await agent.profile.UpdateProfile(asked)).profile.identifiers
    found = await entries(auditor, 2, customer_id=bella, channel_id="call-centre")
    assert {(entry.actor_id, entry.method.rpartition("/")[2]) for entry in found} == {
        ("ben", "Identify"),
        ("ben", "UpdateProfile"),
    }


async def test_each_customer_of_a_batch_finds_who_read_them(services: Services, auditor: omnithread.Omnithread) -> None:
    agent = services.connect("store-042", actor="till-3")
    both = [await customer(agent, f"{new_id('both')}@example.com") for _ in range(2)]
    await agent.profile.BatchGetProfiles(BatchGetProfilesRequest(customer_ids=both))
    for one in both:
        [entry] = [noted for noted in await entries(auditor, 2, customer_id=one) if noted.method.endswith("Profiles")]
        assert sorted(entry.customer_ids) == sorted(both)


async def test_a_token_without_the_scope_is_refused_by_name_and_noted_folded(
    services: Services, auditor: omnithread.Omnithread
) -> None:
    anna = await customer(services.connect("web-shop"), f"{new_id('denied')}@example.com")
    bare = services.connect("messenger", scopes={"cart:read"})
    for _ in range(20):
        said = await refusal(bare.profile.GetProfile(GetProfileRequest(customer_id=anna)))
        assert (said.code, said.reason) == (grpc.StatusCode.PERMISSION_DENIED, "SCOPE_MISSING")
        assert said.metadata["scope"] == "profile:read"
    found = await entries(auditor, customer_id=anna, verdict=pb.AUDIT_VERDICT_DENIED)
    assert [(one.reason, one.channel_id, one.count) for one in found] == [("SCOPE_MISSING", "messenger", 1)]


async def test_who_has_no_token_is_noted_and_the_log_is_read_page_by_page(
    services: Services, reception: Reception, auditor: omnithread.Omnithread
) -> None:
    nobody = services.connect("web-shop", scopes=())
    await asyncio.gather(*(refusal(nobody.profile.GetProfile(GetProfileRequest(customer_id="cus_x"))) for _ in "ab"))
    first = await auditor.audit_logs["profile"].ListAuditEntries(pb.ListAuditEntriesRequest(page_size=1))
    await entries(auditor, at_least=2)
    first = await auditor.audit_logs["profile"].ListAuditEntries(pb.ListAuditEntriesRequest(page_size=1))
    second = await auditor.audit_logs["profile"].ListAuditEntries(
        pb.ListAuditEntriesRequest(page_size=1, page_token=first.next_page_token)
    )
    assert first.entries[0] != second.entries[0]
    other = pb.ListAuditEntriesRequest(page_size=1, page_token=first.next_page_token, channel_id="web-shop")
    assert (await refusal(auditor.audit_logs["profile"].ListAuditEntries(other))).reason == "PAGE_TOKEN_INVALID"


async def test_nobody_reads_the_log_without_its_scope(services: Services, reception: Reception) -> None:
    shop = services.connect("web-shop", scopes={"profile:read"})
    said = await refusal(shop.audit_logs["profile"].ListAuditEntries(pb.ListAuditEntriesRequest()))
    assert (said.reason, said.metadata["scope"]) == ("SCOPE_MISSING", "audit:read")
