"""Asks the suite for what marketing looks at: pages of lists, one thing, its report; each call in an agent's name."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import omnithread
from omnithread.cart.v1.offer_pb2 import Offer, OfferState
from omnithread.cart.v1.offer_service_pb2 import GetOfferRequest, ListOffersRequest
from omnithread.messaging.v1.brand_service_pb2 import ListBrandsRequest
from omnithread.messaging.v1.campaign_pb2 import Campaign, CampaignState
from omnithread.messaging.v1.campaign_report_service_pb2 import CampaignReport, GetCampaignReportRequest
from omnithread.messaging.v1.campaign_service_pb2 import GetCampaignRequest, ListCampaignsRequest
from omnithread.messaging.v1.messaging_pb2 import Template
from omnithread.messaging.v1.messaging_service_pb2 import ListTemplatesRequest

PAGE_SIZE = 50
CHOICE_SIZE = 100
"""Of what can be chosen from, so many are shown."""
REPORT_DAYS = 30
MOST_REPORT_DAYS = 366
FIRST_YEAR, LAST_YEAR = 2000, 9000


@dataclass(frozen=True, slots=True)
class Period:
    """Whole days in UTC, both included."""

    first: str
    last: str

    def times(self) -> tuple[datetime, datetime]:
        """Give the first moment, and the first one after it."""
        return _day(self.first), _day(self.last) + timedelta(days=1)


def period_of(first: str, last: str, *, now: datetime) -> Period | None:
    """Read two days, the last 30 where none are named; None where they are none, or more than a year."""
    try:
        end = _day(last) if last else now.astimezone(UTC)
        begin = _day(first) if first else end - timedelta(days=REPORT_DAYS - 1)
    except (ValueError, OverflowError):
        return None
    days = (end.date() - begin.date()).days
    if not 0 <= days < MOST_REPORT_DAYS or not FIRST_YEAR <= begin.year <= end.year <= LAST_YEAR:
        return None
    return Period(first=f"{begin:%Y-%m-%d}", last=f"{end:%Y-%m-%d}")


def _day(written: str) -> datetime:
    return datetime.strptime(written, "%Y-%m-%d").replace(tzinfo=UTC)


async def list_campaigns(
    suite: omnithread.Omnithread, *, state: CampaignState.ValueType, page_token: str, size: int = PAGE_SIZE
) -> tuple[Sequence[Campaign], str]:
    """Give a page of campaigns, and where the next begins."""
    asked = ListCampaignsRequest(state=state, page_size=size, page_token=page_token)
    answer = await suite.campaigns.ListCampaigns(asked)
    return answer.campaigns, answer.next_page_token


async def get_campaign(suite: omnithread.Omnithread, campaign_id: str, *, version: int, draft: bool) -> Campaign:
    """Give a campaign, in the version that counts where none is named."""
    asked = GetCampaignRequest(campaign_id=campaign_id, version=version, draft=draft)
    return (await suite.campaigns.GetCampaign(asked)).campaign


async def get_report(suite: omnithread.Omnithread, campaign_id: str, *, version: int, period: Period) -> CampaignReport:
    """Give what a campaign achieved with those who entered within a period."""
    first, after = period.times()
    asked = GetCampaignReportRequest(campaign_id=campaign_id, version=version)
    asked.from_time.FromDatetime(first)
    asked.to_time.FromDatetime(after)
    return (await suite.campaign_reports.GetCampaignReport(asked)).report


async def list_offers(
    suite: omnithread.Omnithread, *, state: OfferState.ValueType, page_token: str
) -> tuple[Sequence[Offer], str]:
    """Give a page of offers, and where the next begins."""
    asked = ListOffersRequest(state=state, page_size=PAGE_SIZE, page_token=page_token)
    answer = await suite.offers.ListOffers(asked)
    return answer.offers, answer.next_page_token


async def get_offer(suite: omnithread.Omnithread, offer_id: str, *, version: int, draft: bool) -> Offer:
    """Give an offer, in the version that counts where none is named."""
    return (await suite.offers.GetOffer(GetOfferRequest(offer_id=offer_id, version=version, draft=draft))).offer


async def list_templates(
    suite: omnithread.Omnithread, *, page_token: str = "", size: int = PAGE_SIZE
) -> tuple[Sequence[Template], str]:
    """Give a page of templates, and where the next begins."""
    answer = await suite.messaging.ListTemplates(ListTemplatesRequest(page_size=size, page_token=page_token))
    return answer.templates, answer.next_page_token


async def brand_names(suite: omnithread.Omnithread) -> dict[str, str]:
    """Give the brands by id, at most a hundred."""
    answer = await suite.brands.ListBrands(ListBrandsRequest(page_size=CHOICE_SIZE))
    return {brand.brand_id: brand.name for brand in answer.brands}
