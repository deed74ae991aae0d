"""What a campaign is, in words and as a picture, and how honest its numbers are."""

from hypothesis import given
from hypothesis import strategies as st

from deploy.sample.campaigns import VIEWED, sample_campaigns
from omnithread.messaging.v1.campaign_pb2 import CampaignBranch, CampaignBranchCase, CampaignExit, CampaignStep
from omnithread.messaging.v1.campaign_report_service_pb2 import (
    LIFT_VERDICT_MORE,
    LIFT_VERDICT_TOO_FEW,
    CampaignArmReport,
    CampaignLift,
    CampaignReport,
    LiftVerdict,
)
from services.console.marketing.campaign_numbers import Share, comparison_of, standing_of
from services.console.marketing.campaign_picture import END, lanes_of, picture_of
from services.console.marketing.campaign_words import arm_words, entry_words, exit_words, reentry_words, step_words

CAMPAIGN = sample_campaigns(pause_seconds=7200)[VIEWED]


def test_a_campaign_is_told_in_sentences() -> None:
    assert entry_words(CAMPAIGN.trigger).startswith(
        "Customers enter who viewed a product. The first step is due 2 hours"
    )
    said = [step_words(step, CAMPAIGN) for step in CAMPAIGN.steps]
    assert said[0] == "Send browse_reminder by e-mail."
    assert said[1] == "Wait 2 hours."
    assert said[2] == "If the message of mail was clicked, go to enough; else go on."
    assert said[5] == "If they have not consented to ad audience, go to enough; else go on."
    assert said[-1] == "Leave the campaign."
    assert exit_words(CAMPAIGN) == "It ends at once when they ordered or they took back their consent."
    assert reentry_words(CAMPAIGN) == "Who was in it may enter again whenever it is triggered."
    assert "no control group. Customers are divided into a (50\N{NO-BREAK SPACE}%) and b" in arm_words(CAMPAIGN)


def test_every_step_is_a_box_and_every_way_an_arrow_downwards() -> None:
    picture = picture_of(CAMPAIGN.steps)
    assert [box.step_id for box in picture.boxes] == [*(step.step_id for step in CAMPAIGN.steps), END]
    ways = {(arrow.start, arrow.end): arrow.why for arrow in picture.arrows}
    assert ways["came_back", "enough"] == "if the message of mail was clicked"
    assert ways["came_back", "inbox"] == "else"
    assert ways["enough", END] == ""
    assert all(box.x + box.width < picture.width and box.y + box.height < picture.height for box in picture.boxes)


def test_a_way_back_that_no_campaign_has_is_not_drawn() -> None:
    steps = [
        CampaignStep(step_id="first", exit=CampaignExit()),
        CampaignStep(step_id="again", branch=CampaignBranch(cases=[CampaignBranchCase(arm="a", step_id="first")])),
    ]
    assert {(arrow.start, arrow.end) for arrow in picture_of(steps).arrows} == {("first", END), ("again", END)}


jumps = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 30)).filter(lambda jump: jump[0] < jump[1]), max_size=40)


@given(jumps)
def test_no_two_jumps_in_one_lane_meet(found: list[tuple[int, int]]) -> None:
    lanes = lanes_of(found)
    for (start, end), lane in lanes.items():
        for (other, last), taken in lanes.items():
            if (start, end) != (other, last) and lane == taken:
                assert end < other or last < start


def arm(name: str, low: float, high: float, verdict: LiftVerdict.ValueType) -> CampaignArmReport:
    lift = CampaignLift(low_points=low, high_points=high, difference_points=(low + high) / 2, verdict=verdict)
    return CampaignArmReport(arm=name, entered=200, lift=lift)


def test_a_difference_is_drawn_with_its_uncertainty_and_a_tiny_group_does_not_stretch_the_scale() -> None:
    found = comparison_of(
        [
            CampaignArmReport(arm="control", entered=100),
            arm("a", 1.0, 5.0, LIFT_VERDICT_MORE),
            arm("b", -90.0, 95.0, LIFT_VERDICT_TOO_FEW),
        ]
    )
    assert found is not None
    assert found.most_points == 5.0
    sure, unsure = found.intervals
    assert (sure.sure, unsure.sure, unsure.too_few) == (True, False, True)
    assert found.zero_x < sure.low_x < sure.middle_x < sure.high_x <= found.width
    assert 0 <= unsure.low_x < unsure.high_x <= found.width


def test_without_a_control_group_nothing_is_compared() -> None:
    assert comparison_of([CampaignArmReport(arm="a", entered=3)]) is None


def test_everybody_who_entered_stands_somewhere_once() -> None:
    report = CampaignReport(
        entered=10,
        not_begun=2,
        condition_failed=1,
        arms=[CampaignArmReport(arm="control", entered=2), CampaignArmReport(arm="a", entered=5)],
    )
    whole, *parts = [share.number for _, share in standing_of(report)]
    assert sum(parts) == whole
    assert str(Share(1, 8)) == "1 (12.5 %)"
    assert str(Share(0, 0)) == "0"
