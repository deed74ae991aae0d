import re
from datetime import timedelta
from pathlib import Path

import pytest

from libs.journey_rules import BUILT_IN, Condition, Goal, load_journey_rules
from omnithread.context.v1 import context_pb2 as context

SHIPPED = Path("deploy/journeys.toml")


def written(folder: Path, text: str) -> Path:
    file = folder / "journeys.toml"
    file.write_text(text)
    return file


def test_without_a_file_the_built_in_rules_hold_and_the_shipped_file_says_the_same(tmp_path: Path) -> None:
    assert load_journey_rules(None) is BUILT_IN
    assert load_journey_rules(SHIPPED) == BUILT_IN
    assert load_journey_rules(written(tmp_path, "")) == BUILT_IN


def test_a_company_says_what_its_journeys_are_for(tmp_path: Path) -> None:
    rules = load_journey_rules(
        written(
            tmp_path,
            "[journey]\ninactivity_days = 7\nreentry_hours = 48\ncancelled_order_ends = false\n"
            '[goals.advice]\nwhen = [{ kind = "CALL_ANSWERED" }, { kind = "STORE_VISITED" }]\n'
            "[goals.test_drive]\nends_journey = true\n"
            'when = [{ kind = "STORE_VISITED", attributes = { what = "drive" } }]\n',
        )
    )
    assert (rules.inactivity, rules.reentry) == (timedelta(days=7), timedelta(hours=48))
    driven = Condition(context.TOUCHPOINT_KIND_STORE_VISITED, (("what", frozenset({"drive"})),))
    assert rules.goals[1] == Goal("test_drive", (driven,), ends_journey=True)
    visit = context.TOUCHPOINT_KIND_STORE_VISITED
    assert [goal.goal_id for goal in rules.reached_by(visit, [("what", "drive")])] == ["advice", "test_drive"]
    assert [goal.goal_id for goal in rules.reached_by(visit, [("what", "talk")])] == ["advice"]
    assert not rules.cancels(context.TOUCHPOINT_KIND_ORDER_CHANGED, [("state", "cancelled")])


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("[journey]\ninactivity_days = 0\n", "journey.inactivity_days"),
        ("[journey]\ninactivity_days = 366\n", "journey.inactivity_days"),
        ("[journey]\ninactivity_days = 1\nreentry_hours = 25\n", "that long no journey goes on"),
        ("[journey]\ninactivity = 1\n", "journey.inactivity: Extra"),
        ('[goals.Purchase]\nwhen = [{ kind = "ORDER_PLACED" }]\n', "goals.Purchase"),
        ('[goals.purchase]\nwhen = [{ kind = "BOUGHT" }]\n', "`BOUGHT` is no kind of touchpoint"),
        ('[goals.purchase]\nwhen = [{ kind = "UNSPECIFIED" }]\n', "`UNSPECIFIED` is no kind of touchpoint"),
        ("[goals.purchase]\nwhen = []\n", "goals.purchase.when"),
        ('[goals.purchase]\nwhen = [{ kind = "ORDER_PLACED", attributes = { state = [] } }]\n', "attributes.state"),
        ("[goals.purchase\n", "at line 1"),
        ("".join(f'[goals.g{n}]\nwhen = [{{ kind = "SEARCHED" }}]\n' for n in range(21)), "at most 20"),
    ],
)
def test_a_file_that_leaves_doubt_is_refused_in_one_line(tmp_path: Path, text: str, fault: str) -> None:
    with pytest.raises(ValueError, match=r"journeys\.toml: ") as refused:
        load_journey_rules(written(tmp_path, text))
    assert fault in str(refused.value)
    assert "\n" not in str(refused.value)


def test_the_page_on_journeys_shows_a_file_that_is_one(tmp_path: Path) -> None:
    page = Path("docs/journeys.md").read_text(encoding="utf-8")
    (shown,) = re.findall(r"```toml\n(.*?)```", page, flags=re.DOTALL)
    rules = load_journey_rules(written(tmp_path, shown))
    assert (rules.inactivity, rules.reentry) == (timedelta(days=60), timedelta(hours=24))
    assert [goal.goal_id for goal in rules.goals] == ["advice", "purchase", "received"]
