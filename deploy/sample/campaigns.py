"""Campaigns to show: what the shipped ones do in days is done in seconds here.

`make up` puts them where none are; a company has its own (`docs/campaigns.md`).
"""

from collections.abc import Mapping

from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_AD_AUDIENCE, DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP
from omnithread.messaging.v1.campaign_pb2 import (
    CAMPAIGN_AUDIENCE_CHANGE_ADD,
    CAMPAIGN_EXIT_CONDITION_CONSENT_REVOKED,
    CAMPAIGN_EXIT_CONDITION_ORDERED,
    CAMPAIGN_MESSAGE_OUTCOME_CLICKED,
    CAMPAIGN_REENTRY_ALWAYS,
    CAMPAIGN_TRIGGER_KIND_PRODUCT_VIEWED,
    CampaignArm,
    CampaignAudience,
    CampaignBranch,
    CampaignBranchCase,
    CampaignCondition,
    CampaignConsentCondition,
    CampaignDefinition,
    CampaignExit,
    CampaignMessageTest,
    CampaignSend,
    CampaignStep,
    CampaignTrigger,
    CampaignWait,
)

VIEWED = "viewed_in_seconds"


def sample_campaigns(*, pause_seconds: int = 2) -> Mapping[str, CampaignDefinition]:
    """Give the campaigns by id: looked at and not bought, by mail, then in the inbox, then as an advertisement."""
    wait = CampaignWait(seconds=pause_seconds)
    clicked = CampaignMessageTest(step_id="mail", outcome=CAMPAIGN_MESSAGE_OUTCOME_CLICKED)
    by_ads = CampaignConsentCondition(delivery_kind=DELIVERY_KIND_AD_AUDIENCE)
    return {
        VIEWED: CampaignDefinition(
            name="Angesehen, nicht gekauft",
            purpose="browse_reminder",
            template_id="browse_reminder",
            trigger=CampaignTrigger(kind=CAMPAIGN_TRIGGER_KIND_PRODUCT_VIEWED, delay_seconds=pause_seconds),
            steps=[
                CampaignStep(step_id="mail", send=CampaignSend(delivery_kinds=[DELIVERY_KIND_EMAIL])),
                CampaignStep(step_id="a_moment", wait=wait),
                CampaignStep(
                    step_id="came_back",
                    branch=CampaignBranch(cases=[CampaignBranchCase(message=clicked, step_id="enough")]),
                ),
                CampaignStep(step_id="inbox", send=CampaignSend(delivery_kinds=[DELIVERY_KIND_IN_APP])),
                CampaignStep(step_id="another_moment", wait=wait),
                CampaignStep(
                    step_id="may_advertise",
                    branch=CampaignBranch(
                        cases=[
                            CampaignBranchCase(
                                condition=CampaignCondition(consent=by_ads, negated=True), step_id="enough"
                            )
                        ]
                    ),
                ),
                CampaignStep(
                    step_id="advertisement",
                    audience=CampaignAudience(
                        audience_id="looked-at-it", change=CAMPAIGN_AUDIENCE_CHANGE_ADD, template_id="ad_audience"
                    ),
                ),
                CampaignStep(step_id="enough", exit=CampaignExit()),
            ],
            exit_on=[CAMPAIGN_EXIT_CONDITION_ORDERED, CAMPAIGN_EXIT_CONDITION_CONSENT_REVOKED],
            reentry=CAMPAIGN_REENTRY_ALWAYS,
            arms=[CampaignArm(name="a", weight=1), CampaignArm(name="b", weight=1)],
        )
    }
