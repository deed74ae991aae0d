"""The page that says why a customer got no message."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime

from starlette.requests import Request
from starlette.responses import Response

import omnithread
from libs.web.refusals import bad_request
from omnithread.common.v1.delivery_pb2 import DeliveryKind
from omnithread.messaging.v1.campaign_pb2 import CampaignState
from omnithread.messaging.v1.explanation_pb2 import GateVerdict, JudgementVerdict, SilenceExplanation
from omnithread.messaging.v1.explanation_service_pb2 import ExplainSilenceRequest
from services.console.console import Console
from services.console.marketing.looking import CHOICE_SIZE, list_campaigns, list_templates
from services.console.pages.words import enum_words
from services.console.web.asked import asked_word
from services.console.web.requests import signed_in

CUSTOMER = re.compile(r"[A-Za-z0-9_-]{1,64}")
MISSED = re.compile(r"(campaign|template|purpose):[a-z][a-z0-9_-]{0,63}")
PURPOSE = re.compile(r"[a-z][a-z0-9_]{0,63}")
DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


@dataclass(frozen=True, slots=True)
class Choices:
    """What can be missed, as far as it is known here."""

    campaigns: dict[str, str]
    """Names by id."""
    templates: tuple[str, ...]
    purposes: tuple[str, ...]
    """Those of campaigns; the suite lists no others."""


@dataclass(frozen=True, slots=True)
class Silence:
    """The page."""

    console: Console

    async def show(self, request: Request) -> Response:
        """Ask what is missed, and say why it did not come."""
        customer_id = request.path_params["customer_id"]
        if not CUSTOMER.fullmatch(customer_id):
            raise bad_request()
        missed, since = asked_word(request, "missed", MISSED), asked_word(request, "since", DAY)
        if purpose := asked_word(request, "purpose", PURPOSE):
            missed = f"purpose:{purpose}"
        suite = self.console.clients.of(signed_in(request))
        return self.console.rendering.page(
            request,
            "marketing/silence.html",
            customer_id=customer_id,
            choices=await _choices(suite),
            missed=missed,
            since=since,
            found=await _explain(suite, customer_id, missed, since) if missed else None,
            gate_word=lambda verdict: enum_words(GateVerdict.DESCRIPTOR, verdict),
            judgement_word=lambda verdict: enum_words(JudgementVerdict.DESCRIPTOR, verdict),
            way_word=lambda kind: enum_words(DeliveryKind.DESCRIPTOR, kind),
        )


async def _explain(suite: omnithread.Omnithread, customer_id: str, missed: str, since: str) -> SilenceExplanation:
    kind, _, name = missed.partition(":")
    asked = ExplainSilenceRequest(customer_id=customer_id)
    match kind:
        case "campaign":
            asked.campaign_id = name
        case "template":
            asked.template_id = name
        case _:
            asked.purpose = name
    if since:
        try:
            asked.since_time.FromDatetime(datetime.strptime(since, "%Y-%m-%d").replace(tzinfo=UTC))
        except ValueError:
            raise bad_request() from None
    return (await suite.explanations.ExplainSilence(asked)).explanation


async def _choices(suite: omnithread.Omnithread) -> Choices:
    campaigns, _ = await list_campaigns(suite, state=CampaignState.ValueType(0), page_token="", size=CHOICE_SIZE)
    templates, _ = await list_templates(suite, size=CHOICE_SIZE)
    return Choices(
        campaigns={one.campaign_id: one.definition.name for one in campaigns},
        templates=tuple(one.template_id for one in templates),
        purposes=tuple(sorted({one.definition.purpose for one in campaigns})),
    )
