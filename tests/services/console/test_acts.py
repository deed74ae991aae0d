"""What agents type is read well, or refused in words; what is no form of ours does nothing."""

import pytest
from google.type.money_pb2 import Money

from services.console.acting.acts import Typed, Unfit, Wanted
from services.console.acting.cart_acts import price_of
from services.console.calling.agent import Agent
from tests.services.console.desk import ConsoleDesk

CART = "/customers/cus_1/cart"


def wanted(**fields: str) -> Wanted:
    return Wanted("cus_1", "", Agent("anna", "Anna"), "req_0000000000000001", fields)


@pytest.mark.parametrize(
    ("typed", "units", "nanos"), [("12", 12, 0), ("12.5", 12, 500_000_000), ("0,99", 0, 990_000_000)]
)
def test_a_price_may_have_a_point_or_a_comma(typed: str, units: int, nanos: int) -> None:
    assert price_of(typed, "EUR") == Money(currency_code="EUR", units=units, nanos=nanos)


@pytest.mark.parametrize(
    ("typed", "currency"), [("", "EUR"), ("-1", "EUR"), ("1e9", "EUR"), ("1.2.3", "EUR"), ("1", "€")]
)
def test_what_is_no_price_is_refused_in_words(typed: str, currency: str) -> None:
    with pytest.raises(Unfit, match="has to be like"):
        price_of(typed, currency)


@pytest.mark.parametrize("typed", ["", "0", "10000", "1.5", "-3", "٣", "9" * 40])
def test_what_is_no_number_of_pieces_is_refused_in_words(typed: str) -> None:
    with pytest.raises(Unfit, match="from 1 to 9999"):
        wanted(pieces=typed).number("pieces", least=1, most=9999)


def test_lines_of_a_text_end_as_everywhere_else() -> None:
    assert wanted(text=" One\r\nTwo \r\n").text("text") == "One\nTwo"


def test_what_was_typed_stays_in_its_own_form_only() -> None:
    typed = Typed("quantity", "lin_1", {"pieces": "3"}, "req_1")
    assert typed.value("quantity", "lin_1", "pieces", 1) == "3"
    assert typed.value("quantity", "lin_2", "pieces", 1) == 1
    assert (typed.id_of("quantity", "lin_1"), typed.id_of("add", "")) == ("req_1", "")


async def test_a_form_without_its_id_or_for_an_act_that_there_is_not_does_nothing(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    assert (await desk.send(f"{CART}/lock", {"reason": "x"})).status_code == 400
    good = {"request_id": "req_0000000000000001"}
    assert (await desk.send(f"{CART}/burn", good)).status_code == 404
    assert (await desk.http.post(f"{CART}/lock", headers=desk.from_here, data=good)).status_code == 403
    asked = await desk.send(f"{CART}/remove", {**good, "key": "<b>lin_1"})
    assert asked.status_code == 200
    assert "Take this line out of the cart?" in asked.text
    assert "&lt;b&gt;lin_1" in asked.text
    away = await desk.send(f"{CART}/lock", {**good, "reason": "x", "minutes": "5"})
    assert away.status_code == 503


async def test_where_the_service_is_away_what_was_typed_stays_and_is_sent_again_under_the_same_id(
    desk: ConsoleDesk,
) -> None:
    await desk.sign_in()
    answer = {"request_id": "req_0000000000000007", "text": "It comes <tomorrow>.", "sure": "yes"}
    away = await desk.send("/customers/cus_1/conversations/cnv_1/answer", answer)
    assert away.status_code == 503
    assert "Nobody knows whether it was done." in away.text
    assert 'name="request_id" value="req_0000000000000007"' in away.text, "else it is said twice"
    assert 'name="text" value="It comes &lt;tomorrow&gt;."' in away.text
    assert '<blockquote class="quoted">It comes &lt;tomorrow&gt;.</blockquote>' in away.text


async def test_who_is_not_sure_of_an_answer_goes_on_writing_it(desk: ConsoleDesk) -> None:
    await desk.sign_in()
    answer = {"request_id": "req_0000000000000007", "text": "It comes tomorrow."}
    asked = await desk.send("/customers/cus_1/conversations/cnv_1/answer", answer)
    assert '<button name="sure" value="no"' in asked.text
    back = await desk.send("/customers/cus_1/conversations/cnv_1/answer", {**answer, "sure": "no"})
    assert "Nothing was done." in back.text
    assert "It comes tomorrow." in back.text
