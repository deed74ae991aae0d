"""Remembers campaigns: documents that belong to no customer, and every text that ever counted."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from google.protobuf import json_format

from libs.mongo.documents import DocumentShape
from libs.mongo.migrate import Index
from omnithread.messaging.v1.campaign_pb2 import CampaignDefinition
from services.messaging.campaigns.definition import CampaignState

CAMPAIGNS = "campaigns"
CAMPAIGN_VERSIONS = "campaign_versions"
"""Texts that counted before the present one; `_id` is `campaign_id:version`."""
CAMPAIGN_INDEXES = (
    Index(CAMPAIGNS, (("version", 1), ("_id", 1))),
    Index(CAMPAIGNS, (("state", 1), ("_id", 1))),
)
Fields = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Campaign:
    """A campaign with its draft and the text that counts or counted last; nobody changes the texts in place."""

    campaign_id: str
    state: CampaignState = CampaignState.DRAFT
    version: int = 0
    """Counts its activations with a new text."""
    draft: CampaignDefinition | None = None
    text: CampaignDefinition | None = None
    """Of `version`; None for what was never active."""
    create_time: datetime | None = None


def text_to_fields(text: CampaignDefinition | None) -> Fields | None:
    """Write a text by the contract's names."""
    return json_format.MessageToDict(text, preserving_proto_field_name=True) if text is not None else None


def text_from_fields(fields: Mapping[str, Any] | None) -> CampaignDefinition | None:
    """Read a text; what a newer version of the suite wrote and this one does not know is left out."""
    if fields is None:
        return None
    return json_format.ParseDict(dict(fields), CampaignDefinition(), ignore_unknown_fields=True)


def text_id(campaign_id: str, version: int) -> str:
    """Give the `_id` of a text that counted before."""
    return f"{campaign_id}:{version}"


def _to_fields(campaign: Campaign) -> Fields:
    return {
        "state": campaign.state.value,
        "campaign_version": campaign.version,
        "draft": text_to_fields(campaign.draft),
        "text": text_to_fields(campaign.text),
        "create_time": campaign.create_time,
    }


def _from_document(document: Mapping[str, Any]) -> Campaign:
    return Campaign(
        campaign_id=document["_id"],
        state=CampaignState(document["state"]),
        version=document["campaign_version"],
        draft=text_from_fields(document["draft"]),
        text=text_from_fields(document["text"]),
        create_time=document["create_time"],
    )


CAMPAIGN_SHAPE: DocumentShape[Campaign] = DocumentShape(
    empty=Campaign, to_fields=_to_fields, from_document=_from_document
)
