"""Who may call what: the contract says it of every method, and what follows from it."""

from collections.abc import Sequence

import pytest
from google.protobuf.descriptor import MethodDescriptor
from grpc_health.v1 import health_pb2

from libs.rpc.access import (
    HEARING,
    NOBODY,
    SERVICES,
    AccessUnsaid,
    Rule,
    callees,
    check_said,
    rule_of,
    rules,
)
from libs.rpc.scopes import BACK_OFFICE, EVERY, USUAL
from omnithread.common.v1 import access_pb2
from tests.protos.contract import SERVICES_OF_THE_SUITE

LOOKS = (":read", ":review", ":sensitive", ":search", ":export")
NOTED = {
    "AuditLogService": "ListAuditEntries",
    "CampaignService": "ListEnrolments SimulateCampaign",
    "CartService": "AuditCart",
    "ConsentService": "VerifyConsentChain",
    "ContextService": "ExplainMerge GetCustomerContext GetJourney ListJourneys StartSession",
    "ConversationService": "GetConversationDesk ListAssignedConversations",
    "DeliveryService": "GetDeadLetter ListDeadLetters ListSuppressions",
    "ExplanationService": "ExplainMessage ExplainSilence",
    "IdentityService": "ExplainIdentity ListMerges MergeCustomers UnmergeCustomers VerifyIdentifier",
    "InboxService": "SubscribeInbox",
    "JourneyService": "SearchJourneys",
    "MessagingService": "GetConversation GetMessage GetMessagingOverview ListConversations ListMessages",
    "PreferenceService": "BatchGetPreferences GetPreferences ListConsentRecords",
    "PrivacyService": "EraseCustomer ExportCustomer",
    "ProfileService": "BatchGetProfiles GetProfile Identify UpdateProfile",
    "SegmentService": "ExplainMembership PreviewSegment",
    "TemplateService": "PreviewTemplate",
    "WatchService": "WatchCustomerContext",
}
METHODS: Sequence[tuple[MethodDescriptor, Rule]] = tuple(rules(SERVICES_OF_THE_SUITE))


def named(wanted: str) -> dict[str, Rule]:
    return {method.full_name: rule for method, rule in METHODS if wanted in method.full_name}


def test_every_method_says_who_may_call_it_and_asks_for_scopes_that_there_are() -> None:
    assert len(METHODS) > 170
    for method, rule in METHODS:
        assert rule != NOBODY or "ContextInternalService" in method.full_name, method.full_name
        assert set(rule.scopes) <= EVERY, method.full_name
        assert rule.callers <= SERVICES, method.full_name
        assert rule.channels == bool(rule.scopes), f"{method.full_name}: a channel needs a scope for everything"


def test_no_channel_uses_what_services_have_for_each_other() -> None:
    internal = named("InternalService.")
    assert len(internal) > 40
    assert not any(rule.channels for rule in internal.values())


def test_what_changes_something_is_what_carries_a_request_id() -> None:
    for method, rule in METHODS:
        assert rule.mutates == ("request_id" in method.input_type.fields_by_name), method.full_name


def test_who_may_only_read_changes_nothing() -> None:
    for method, rule in METHODS:
        if rule.mutates and rule.channels:
            assert any(not scope.endswith(LOOKS) for scope in rule.scopes), method.full_name


def test_what_tells_of_people_is_noted() -> None:
    found: dict[str, list[str]] = {}
    for method, rule in METHODS:
        if rule.audited:
            found.setdefault(method.containing_service.name, []).append(method.name)
    assert {service: " ".join(sorted(names)) for service, names in found.items()} == NOTED


def test_what_a_service_may_pass_on_is_part_of_a_call_that_is_noted_itself() -> None:
    passed_on = {method.name for method, rule in METHODS if rule.audited and rule.channels and rule.callers}
    assert passed_on == {"Identify", "GetProfile", "GetPreferences", "GetMessagingOverview"}
    noted = f"{NOTED['ContextService']} {NOTED['WatchService']}"
    assert {"StartSession", "GetCustomerContext", "WatchCustomerContext"} <= set(noted.split())


@pytest.mark.parametrize("name", ["PreviewSegment", "PreviewTemplate", "ListSuppressions", "LiftSuppression"])
def test_what_can_be_found_out_by_trying_asks_for_the_scope_to_see_it(name: str) -> None:
    [rule] = [rule for method, rule in METHODS if method.name == name]
    assert "profile:sensitive" in rule.scopes


def test_every_scope_is_asked_for_by_a_method() -> None:
    asked = {scope for _, rule in METHODS for scope in rule.scopes}
    assert asked == EVERY


def test_no_kind_of_channel_usually_manages_and_every_scope_is_usual_somewhere() -> None:
    for scopes in USUAL.values():
        assert scopes <= EVERY
        assert not {scope for scope in scopes if scope.endswith(":manage")} - {"dead-letters:manage"}
    assert BACK_OFFICE.union(*USUAL.values()) == EVERY


@pytest.mark.parametrize(
    "purpose", ["Checkout", "SetConsent", "UpdatePreferences", "UseLink", "EraseCustomer", "EraseArea"]
)
def test_what_must_not_fail_is_shed_last(purpose: str) -> None:
    found = [rule for method, rule in METHODS if method.name == purpose]
    assert found
    assert all(rule.importance == access_pb2.IMPORTANCE_URGENT for rule in found)


def test_who_takes_the_door_over_gets_no_further_than_its_pages() -> None:
    assert callees("door", SERVICES_OF_THE_SUITE) == {
        "preference": {"ShowLink", "UseLink"},
        "messaging": {"GetBrand", "ReportReceipts"},
        "cart": {"ShowHandover"},
    }


def test_calls_between_services_go_in_no_circle_but_for_hearing() -> None:
    order = ["profile", "preference", "cart", "messaging", "aggregator", "door"]
    for caller in SERVICES:
        for callee, methods in callees(caller, SERVICES_OF_THE_SUITE).items():
            assert methods <= HEARING or order.index(callee) < order.index(caller), (caller, callee)


def test_services_call_only_what_names_them() -> None:
    assert callees("profile", SERVICES_OF_THE_SUITE) == {"cart": HEARING, "aggregator": HEARING}
    assert set(callees("cart", SERVICES_OF_THE_SUITE)) == {"profile", "aggregator"}
    assert "GetPreferences" not in callees("cart", SERVICES_OF_THE_SUITE).get("preference", ())
    assert callees("nobody", SERVICES_OF_THE_SUITE) == {}


def test_a_method_that_says_nothing_is_nobodys() -> None:
    for path in ("/omnithread.cart.v1.CartService/NotThere", "/nobody.v1.Service/Method", "", "/"):
        assert rule_of(path) == NOBODY


def test_a_server_with_a_method_that_says_nothing_does_not_start() -> None:
    check_said(service.full_name for service in SERVICES_OF_THE_SUITE)
    with pytest.raises(AccessUnsaid, match=r"grpc\.health\.v1\.Health\.Check does not say who may call it"):
        check_said([health_pb2.DESCRIPTOR.services_by_name["Health"].full_name])
