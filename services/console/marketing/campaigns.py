"""The pages of campaigns: all of them, and one with its steps, its numbers, and where people stand."""

import re
from collections.abc import Iterable
from dataclasses import dataclass

import grpc
from starlette.requests import Request
from starlette.responses import Response

import omnithread
from libs.web.refusals import bad_request
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.messaging.v1.campaign_pb2 import Campaign, CampaignState
from omnithread.messaging.v1.campaign_report_service_pb2 import CampaignReport
from services.console.console import Console
from services.console.marketing.campaign_numbers import Share, comparison_of, standing_of
from services.console.marketing.campaign_picture import picture_of
from services.console.marketing.campaign_words import (
    arm_words,
    attribution_words,
    condition_words,
    entry_words,
    exit_words,
    reentry_words,
    state_word,
    step_words,
)
from services.console.marketing.looking import Period, get_campaign, get_report, list_campaigns, period_of
from services.console.pages.words import enum_words
from services.console.web.asked import asked_number, asked_page, asked_word
from services.console.web.failures import refusal_of
from services.console.web.requests import signed_in

DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
STATE = re.compile(r"draft|active|paused|ended")
NAME = re.compile(r"[a-z][a-z0-9_-]{0,63}")


@dataclass(frozen=True, slots=True)
class Campaigns:
    """Both pages."""

    console: Console

    async def list(self, request: Request) -> Response:
        """All campaigns, a page at a time."""
        state = asked_word(request, "state", STATE)
        suite = self.console.clients.of(signed_in(request))
        campaigns, following = await list_campaigns(
            suite,
            state=CampaignState.Value(f"CAMPAIGN_STATE_{state.upper()}") if state else CampaignState.ValueType(0),
            page_token=asked_page(request),
        )
        return self.console.rendering.page(
            request,
            "marketing/campaigns.html",
            campaigns=[(one, state_word(one.state), entry_words(one.definition.trigger)) for one in campaigns],
            state=state,
            following=following,
            first=not request.query_params.get("page"),
        )

    async def show(self, request: Request) -> Response:
        """One campaign."""
        campaign_id = request.path_params["campaign_id"]
        version, draft = asked_number(request, "version"), bool(request.query_params.get("draft"))
        first, last = asked_word(request, "first", DAY), asked_word(request, "last", DAY)
        period = period_of(first, last, now=self.console.clock())
        if not NAME.fullmatch(campaign_id) or period is None:
            raise bad_request()
        suite = self.console.clients.of(signed_in(request))
        campaign = await get_campaign(suite, campaign_id, version=version, draft=draft)
        report, problem = await _report(suite, campaign, period, version)
        return self.console.rendering.page(
            request,
            "marketing/campaign.html",
            campaign=campaign,
            definition=campaign.definition,
            state=state_word(campaign.state),
            sentences=_sentences(campaign),
            conditions=[condition_words(one) for one in campaign.definition.conditions],
            steps=[(step, step_words(step, campaign.definition)) for step in campaign.definition.steps],
            picture=picture_of(campaign.definition.steps),
            version=version,
            period=period,
            report=report,
            problem=problem,
            comparison=comparison_of(report.arms) if report else None,
            standing=standing_of(report) if report else (),
            paths=[(path, _ways(path.delivery_kinds)) for path in report.paths] if report else (),
            share=Share,
        )


def _ways(kinds: Iterable[DeliveryKind.ValueType]) -> str:
    return " → ".join(enum_words(DeliveryKind.DESCRIPTOR, kind) for kind in kinds)


def _sentences(campaign: Campaign) -> list[str]:
    definition = campaign.definition
    return [
        entry_words(definition.trigger),
        arm_words(definition),
        exit_words(definition),
        reentry_words(definition),
        attribution_words(definition),
    ]


async def _report(
    suite: omnithread.Omnithread, campaign: Campaign, period: Period, version: int
) -> tuple[CampaignReport | None, str]:
    """Give the numbers, or why there are none: what the campaign is can be read without them."""
    try:
        return await get_report(suite, campaign.campaign_id, version=version, period=period), ""
    except grpc.RpcError as error:
        failure, _ = refusal_of(error)
        return None, failure.words or failure.title
