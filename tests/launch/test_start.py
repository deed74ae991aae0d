"""A start that fails says why, and leaves nothing behind."""

from pathlib import Path

import pytest

from deploy.local.child import ChildFailed
from deploy.local.plan import Plan, fresh_prefix
from deploy.local.ports import accepts
from deploy.local.suite import Suite


async def test_a_service_that_cannot_start_is_named_with_its_last_words_and_nothing_stays(tmp_path: Path) -> None:
    plan = Plan(state_dir=tmp_path, prefix=fresh_prefix("test"), settings={"idle_after_seconds": "never"})
    suite = Suite(plan)
    with pytest.raises(ChildFailed, match=r"(?s)cart ended.*idle_after_seconds"):
        await suite.start()
    assert [name for name, port in plan.ports.all().items() if await accepts(port)] == []
