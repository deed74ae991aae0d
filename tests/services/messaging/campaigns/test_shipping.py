"""The campaigns that come with the suite, and those of the demo, are as good as any that is put."""

import pytest
from protovalidate import validate

from deploy.sample.campaigns import sample_campaigns
from deploy.sample.templates import sample_templates
from libs.purposes import DEFAULT_PURPOSES
from omnithread.messaging.v1.campaign_pb2 import CampaignDefinition
from services.messaging.campaigns.checking import faults_of, template_faults
from services.messaging.campaigns.convert import definition_from_proto
from services.messaging.campaigns.definition import CampaignState
from services.messaging.campaigns.documents import CAMPAIGN_SHAPE, Campaign
from services.messaging.campaigns.shipping import shipped_campaigns

SHIPPED = {campaign_id: text for campaign_id, (_, text) in shipped_campaigns().items()}
ALL = {**SHIPPED, **sample_campaigns()}
TEMPLATES = {template.template_id: frozenset(template.variable_names) for template in sample_templates()}


@pytest.mark.parametrize("campaign_id", ALL)
def test_it_could_be_activated_as_it_is(campaign_id: str) -> None:
    validate(ALL[campaign_id])
    definition = definition_from_proto(ALL[campaign_id])
    assert faults_of(definition, purposes=DEFAULT_PURPOSES) == ()
    assert template_faults(definition, TEMPLATES) == ()


def test_a_template_that_needs_what_no_trigger_tells_is_refused() -> None:
    definition = definition_from_proto(SHIPPED["abandoned_cart"])
    [fault] = template_faults(definition, {"cart_reminder": frozenset({"sku"})})
    assert (fault.field, fault.description) == (
        "definition.steps[0].send.template_id",
        "its variable `sku` is not told by this trigger",
    )


@pytest.mark.parametrize("campaign_id", ALL)
def test_it_is_kept_as_it_was_put(campaign_id: str) -> None:
    campaign = Campaign(campaign_id, state=CampaignState.ACTIVE, version=3, text=ALL[campaign_id])
    document = {"_id": campaign_id, **CAMPAIGN_SHAPE.to_fields(campaign)}
    assert CAMPAIGN_SHAPE.from_document(document) == campaign
    document["text"]["a_field_of_tomorrow"] = {"kind": "x"}
    assert CAMPAIGN_SHAPE.from_document(document) == campaign


def test_only_one_shipped_campaign_answers_each_trigger_by_itself() -> None:
    active = [
        definition_from_proto(text) for state, text in shipped_campaigns().values() if state is CampaignState.ACTIVE
    ]
    kinds = [definition.trigger_kind for definition in active]
    assert sorted(kinds) == ["CART_ABANDONED", "PRICE_FELL"]
    assert isinstance(SHIPPED["welcome"], CampaignDefinition)
