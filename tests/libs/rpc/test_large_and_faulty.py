"""However much is wrong with a request, to say so takes no longer than to carry out a good one."""

import time

import pytest

from libs.errors import OmnithreadError
from libs.rpc.validation import MOST_BYTES_FOR_ALL_FAULTS, Validation
from omnithread.cart.v1.cart_internal_service_pb2 import AbsorbCustomerRequest
from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from omnithread.messaging.v1.messaging_service_pb2 import PutTemplateRequest

MOST_SECONDS = 0.5
"""On a machine with much else to do; all 128,000 faults took 4 s on an idle one."""

SMALL_SECONDS = 0.03


def test_a_request_of_many_thousand_faults_is_refused_at_once_and_told_one() -> None:
    validation = Validation()
    validation.warm([AddItemRequest])
    request = AddItemRequest(categories=[""] * 128_000)
    began = time.process_time()
    with pytest.raises(OmnithreadError) as refused:
        validation.check(request)
    assert time.process_time() - began < MOST_SECONDS
    assert len(refused.value.field_faults) == 1


def test_all_the_faults_that_are_told_of_a_small_request_hold_nobody_up() -> None:
    validation = Validation()
    validation.warm([AddItemRequest])
    request = AddItemRequest(categories=[""] * (MOST_BYTES_FOR_ALL_FAULTS // 2 - 1))
    began = time.process_time()
    with pytest.raises(OmnithreadError):
        validation.check(request)
    assert time.process_time() - began < SMALL_SECONDS


def test_a_request_of_usual_size_is_told_all_its_faults() -> None:
    request = PutTemplateRequest()
    request.template.forms.add(body_text="x" * (MOST_BYTES_FOR_ALL_FAULTS - 500))
    with pytest.raises(OmnithreadError) as refused:
        Validation().check(request)
    assert len(refused.value.field_faults) > 3


def test_a_fault_of_no_single_field_is_told_as_one_of_the_request() -> None:
    request = AbsorbCustomerRequest(merge_id="mrg_1", source_customer_id="cus_1", survivor_customer_id="cus_1")
    with pytest.raises(OmnithreadError) as refused:
        Validation().check(request)
    assert "the request" in refused.value.message
    assert [fault.description for fault in refused.value.field_faults] == [
        "source_customer_id and survivor_customer_id must differ"
    ]
