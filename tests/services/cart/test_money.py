"""What is no price is refused with cart's own reasons."""

import pytest
from google.type.money_pb2 import Money as MoneyProto

from libs.errors import OmnithreadError
from services.cart.money import price_from_proto


@pytest.mark.parametrize(
    ("price", "reason", "field"),
    [
        (MoneyProto(currency_code="XXX", units=1), "CURRENCY_UNKNOWN", "unit_price.currency_code"),
        (MoneyProto(currency_code="CHF", units=-1), "PRICE_INVALID", "unit_price"),
    ],
)
def test_what_is_no_price_is_refused(price: MoneyProto, reason: str, field: str) -> None:
    with pytest.raises(OmnithreadError, match=reason) as refused:
        price_from_proto(price)
    assert [fault.field for fault in refused.value.field_faults] == [field]
