"""What a message about a price that fell may tell."""

import pytest
from babel import Locale
from google.type.money_pb2 import Money

from libs.purposes import DEFAULT_PURPOSES
from omnithread.context.v1.context_events_pb2 import PriceFell
from services.messaging.campaigns.price_texts import VARIABLE_NAMES, exact_amount, variables_of
from services.messaging.texts.text_data import told_amount


@pytest.mark.parametrize(
    ("money", "text"),
    [
        (Money(currency_code="CHF", units=59, nanos=900_000_000), "59.90 CHF"),
        (Money(currency_code="CHF", units=59), "59 CHF"),
        (Money(currency_code="JPY", units=500), "500 JPY"),
        (Money(currency_code="KWD", units=1, nanos=234_000_000), "1.234 KWD"),
        (Money(currency_code="EUR", nanos=50_000_000), "0.05 EUR"),
    ],
)
def test_an_amount_is_exact_and_reads_the_same_in_every_language(money: Money, text: str) -> None:
    assert exact_amount(money) == text


def test_a_text_may_tell_of_both_prices_and_no_link_leads_anywhere_but_to_the_web() -> None:
    price = Money(currency_code="CHF", units=59)
    fell = PriceFell(
        change_id="c", sku="boots", name="Boots", old_price=price, new_price=price, link_uri="javascript:1"
    )
    told = dict(variables_of(fell))
    assert tuple(sorted(VARIABLE_NAMES)) == tuple(told)
    assert (told["link"], told["name"]) == ("", "Boots")
    fell.link_uri = "https://shop.example.com/boots"
    assert dict(variables_of(fell))["link"] == fell.link_uri


def test_a_price_alert_is_an_advertisement_and_needs_consent() -> None:
    assert not DEFAULT_PURPOSES["price_alert"].is_transactional


@pytest.mark.parametrize(
    ("kept", "told"),
    [("129.90 EUR", "129,90\xa0€"), ("500 JPY", "500\xa0¥"), ("on request", "on request"), ("1e9 EUR", "1e9 EUR")],
)
def test_a_price_is_told_as_people_write_it_and_what_is_none_stays_as_it_is(kept: str, told: str) -> None:
    assert told_amount(kept, Locale.parse("de_DE")) == told
