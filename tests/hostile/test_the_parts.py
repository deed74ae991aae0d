"""What makes hostile requests makes them as it says: else the matrix would be green for nothing."""

import random

import pytest
from google.protobuf import message_factory
from google.protobuf.message import DecodeError

from libs.errors import OmnithreadError
from libs.rpc.validation import Validation
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from tests.hostile.cases import cases
from tests.hostile.contract import AREAS, Rpc, all_rpcs, rpcs
from tests.hostile.furnished import FILLS, KNOWN, honest_request
from tests.hostile.honest import Honest
from tests.hostile.mutations import mutated, shrunk
from tests.hostile.patterns import fitting
from tests.hostile.wire import joined, parts
from tests.protos.contract import SERVICES_OF_THE_SUITE

HONEST = Honest(
    known={
        **KNOWN,
        "customer_id": "cus_1",
        "other_customer_id": "cus_2",
        "source_customer_id": "cus_2",
        "survivor_customer_id": "cus_1",
    },
    fills=FILLS,
)
ADD_ITEM = next(rpc for rpc in rpcs("cart") if rpc.name == "CartService/AddItem")


@pytest.mark.parametrize("service", AREAS)
def test_an_honest_request_of_every_method_keeps_to_the_contract(service: str) -> None:
    validation = Validation()
    for rpc in rpcs(service):
        validation.check(honest_request(rpc, HONEST))


def test_no_method_of_the_suite_is_left_out() -> None:
    there = {f"/{service.full_name}/{method.name}" for service in SERVICES_OF_THE_SUITE for method in service.methods}
    assert {rpc.path for rpc in all_rpcs()} == there


def test_every_method_that_changes_something_has_hostile_cases_for_every_field() -> None:
    for rpc in rpcs("preference"):
        if rpc.mutates:
            places = {case.place.partition(".")[0] for case in cases(rpc, HONEST)}
            assert places == {"", *(field.name for field in rpc.request.fields)}, rpc.name


def test_a_hostile_case_is_the_honest_request_but_for_one_field() -> None:
    refused = _refused_fields(ADD_ITEM)
    assert refused["quantity: minus one"] == {"quantity"}
    assert refused["sku: a little too long"] == {"sku"}
    assert refused["unit_price: 9223372036854775807 units and 0 nanos"] == {"unit_price"}
    assert refused["issue_time: 1000000000000000 seconds"] == {"issue_time"}
    assert refused["attributes.key: an operator"] == {"attributes[0].key"}


def _refused_fields(rpc: Rpc) -> dict[str, set[str]]:
    validation, found = Validation(), {}
    request = message_factory.GetMessageClass(rpc.request)
    for case in cases(rpc, HONEST):
        if case.place and "wire type" not in case.name:
            try:
                validation.check(request.FromString(case.raw))
            except OmnithreadError as refused:
                found[str(case)] = {fault.field for fault in refused.field_faults}
            except DecodeError:
                continue
    return found


@pytest.mark.parametrize(
    ("pattern", "text"),
    [
        ("^[A-Za-z0-9_-]{1,64}$", "A"),
        ("^[0-9]{6}$", "000000"),
        ("^([0-9a-f]{64})?$", ""),
        ("^(trait\\.[A-Za-z]|kind)$", "trait.A"),
        ("^[^\\s]{2}$", "aa"),
    ],
)
def test_a_pattern_is_fitted_with_a_shortest_text(pattern: str, text: str) -> None:
    assert fitting(pattern) == text


def test_what_was_taken_apart_is_put_together_as_it_was() -> None:
    raw = HONEST.request(ADD_ITEM.path, ADD_ITEM.request).SerializeToString()
    assert joined(parts(raw)) == raw


def test_a_seed_damages_a_request_the_same_way_every_time() -> None:
    raw, others = b"\x0a\x05cus_1\x10\x07", [b"\x0a\x03abc\x18\x01"]
    once = [mutated(raw, others, random.Random(seed)) for seed in range(300)]
    assert once == [mutated(raw, others, random.Random(seed)) for seed in range(300)]
    assert len(set(once)) > 200


async def test_a_request_that_fails_is_shrunk_to_what_it_fails_for() -> None:
    request = AddItemRequest(customer_id="cus_1", sku="boots", name="x" * 100, image_uri="https://a", quantity=13)

    async def still_fails(raw: bytes) -> bool:
        try:
            return AddItemRequest.FromString(raw).quantity == 13
        except DecodeError:
            return False

    assert await shrunk(request.SerializeToString(), still_fails) == AddItemRequest(quantity=13).SerializeToString()
