"""Of a request a span tells the customer's id, and nothing that was put in its place by mistake."""

import pytest

from omnithread.cart.v1.cart_service_pb2 import GetCartRequest
from omnithread.profile.v1.profile_pb2 import Profile
from omnithread.profile.v1.profile_service_pb2 import UpdateProfileRequest
from omnithread.rpc_spans import customer_of


def test_the_customer_is_the_one_who_is_named_or_whom_the_thing_belongs_to() -> None:
    assert customer_of(GetCartRequest(customer_id="cus_1")) == "cus_1"
    assert customer_of(UpdateProfileRequest(profile=Profile(customer_id="cus_2"))) == "cus_2"


@pytest.mark.parametrize("told", ["quiet@example.com", "+49 30 1234567", "Erika Muster", "c" * 65, ""])
def test_an_address_or_a_name_in_the_place_of_an_id_is_on_no_span(told: str) -> None:
    assert customer_of(GetCartRequest(customer_id=told)) == ""
    assert customer_of(UpdateProfileRequest(profile=Profile(customer_id=told))) == ""
