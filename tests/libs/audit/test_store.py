"""Whatever the log is asked by, an index leads there: nobody walks through 400 days of it."""

from dataclasses import fields
from datetime import timedelta

import pytest

from libs.audit.store import Wanted, audit_indexes

ASKED_BY = {"customer_id": "customer_ids", "channel_id": "channel_id", "verdict": "verdict"}
"""What may be asked for, with the field that says it; times are in the ids."""


@pytest.mark.parametrize("field", ASKED_BY.values())
def test_each_thing_that_may_be_asked_for_has_an_index_with_the_newest_first(field: str) -> None:
    assert ((field, 1), ("_id", 1)) in {index.keys for index in audit_indexes(timedelta(days=400))}


def test_nothing_else_may_be_asked_for() -> None:
    assert {field.name for field in fields(Wanted)} == {*ASKED_BY, "from_time", "to_time"}
