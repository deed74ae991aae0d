"""What a caller was told goes into a text and comes out of it again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from omnithread.cart.v1.cart_service_pb2 import AddItemResponse
from omnithread.common.v1.event_pb2 import Head
from omnithread.context.v1.context_service_pb2 import GetCustomerContextResponse
from omnithread.context_token import MOST_POSITIONS, context_token, read_context_token
from omnithread.reading import context_request
from omnithread.told import Told, noting

NAMES = st.from_regex(r"[A-Za-z0-9_-]{1,64}", fullmatch=True)
POSITIONS = st.dictionaries(NAMES, st.integers(0, 2**63 - 1), max_size=MOST_POSITIONS)


@given(NAMES, POSITIONS)
def test_a_token_says_what_went_into_it(customer_id: str, positions: dict[str, int]) -> None:
    told = read_context_token(context_token(customer_id, positions.items()))
    assert (told.customer_id, told.seqs) == (customer_id, positions)


@pytest.mark.parametrize("text", ["", "1", "2~cus_1", "1~", "1~cus_1~x", "1~cus_1~e.x", "1~cus 1", "1~c" + "~e.1" * 9])
def test_what_nobody_was_given_is_none(text: str) -> None:
    with pytest.raises(ValueError, match="no token of ours"):
        read_context_token(text)


@given(st.lists(st.tuples(NAMES, POSITIONS), max_size=3))
def test_a_visit_remembers_the_newest_of_all_that_it_was_told(answers: list[tuple[str, dict[str, int]]]) -> None:
    visit = Told()
    for customer_id, positions in answers:
        for epoch, seq in positions.items():
            visit.note(AddItemResponse(head=Head(token=context_token(customer_id, [(epoch, seq)]))))
        visit.note(GetCustomerContextResponse(token=context_token(customer_id, positions.items())))
    if visit.tokens:
        read = {told.customer_id: told.seqs for told in map(read_context_token, visit.tokens)}
        for customer_id, positions in answers:
            assert all(read[customer_id][epoch] >= seq for epoch, seq in positions.items())
        assert Told(visit.text).tokens == visit.tokens


def test_a_visit_of_more_customers_than_can_be_handed_over_has_no_token() -> None:
    visit = Told()
    for number in range(17):
        visit.note(AddItemResponse(head=Head(token=context_token(f"cus_{number}", [("epo", 1)]))))
    assert visit.tokens is None
    assert Told(visit.text).tokens is None
    with noting(visit):
        asked = context_request("cus_1", sections=(), max_age_seconds=5, newest=False)
    assert not asked.HasField("max_age")  # what it was told could not be asked for


def test_answers_that_say_nothing_of_it_change_nothing() -> None:
    visit = Told()
    visit.note(AddItemResponse())
    visit.note(Head(token="1~cus_1~epo.1"))
    assert visit.tokens == ()
