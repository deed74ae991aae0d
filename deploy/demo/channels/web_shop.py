"""The web shop's backend: visitors come as cookies, and some of them log in."""

import asyncio
import time

from google.protobuf.field_mask_pb2 import FieldMask
from google.protobuf.timestamp_pb2 import Timestamp

import omnithread
from deploy.demo.channels.catalogue import ARTICLES
from deploy.demo.channels.look import look, outcome, price, view, word
from deploy.demo.views import Found, LoginTold, Moment, Numbers, View
from omnithread.cart.v1.cart_service_pb2 import SetItemQuantityRequest
from omnithread.common.v1.channel_pb2 import CHANNEL_KIND_STORE, CHANNEL_KIND_WEB, ChannelKind
from omnithread.common.v1.delivery_pb2 import DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP, DeliveryKind
from omnithread.context.v1.context_pb2 import TOUCHPOINT_KIND_PRODUCT_VIEWED
from omnithread.context.v1.context_service_pb2 import ExplainMergeRequest, RecordTouchpointRequest
from omnithread.context.v1.journey_service_pb2 import SearchJourneysRequest
from omnithread.messaging.v1.campaign_report_service_pb2 import CampaignPathReport, GetCampaignReportRequest
from omnithread.preference.v1.preference_pb2 import CONSENT_STATE_GRANTED, Preferences
from omnithread.preference.v1.preference_service_pb2 import SetConsentRequest, UpdatePreferencesRequest

DAY_SECONDS = 86400
MINUTE_SECONDS = 60
REMINDER_WORDING = "Ja, erinnern Sie mich per E-Mail an meinen Warenkorb."


class WebShop:
    """What happens behind the pages. It remembers the session of its one visitor, as a shop does by cookie."""

    def __init__(self, suite: omnithread.Omnithread) -> None:
        self._suite = suite
        self._session: omnithread.Session | None = None

    @property
    def session(self) -> omnithread.Session:
        """The visit that goes on."""
        if self._session is None:
            raise LookupError("nobody has come yet")
        return self._session

    async def open_page(self, cookie: str, sku: str) -> View:
        """Somebody opens an article's page."""
        self._session = await self._suite.start_session([omnithread.cookie(cookie)])
        with self.session.carry():
            await self._suite.context.RecordTouchpoint(
                RecordTouchpointRequest(
                    customer_id=self.session.customer_id, kind=TOUCHPOINT_KIND_PRODUCT_VIEWED, subject=sku
                )
            )
        return await self.look()

    async def put_into_cart(self, sku: str) -> View:
        """The visitor puts an article into the cart."""
        with self.session.carry():
            await self._suite.cart.AddItem(ARTICLES[sku].added_to(self.session.customer_id))
        return await self.look()

    async def log_in(self, cookie: str, email: str) -> View:
        """The visitor proves to hold an e-mail address; the answer has the context of who it is."""
        with self.session.carry():
            self._session = await self._suite.start_session(
                [omnithread.cookie(cookie), omnithread.email(email, verified=True)]
            )
        return view(self.session.started)

    async def explain_login(self) -> LoginTold:
        """What the login did with all that the visitor had as a guest, as any channel can ask."""
        merge = self.session.context.profile.merges[-1]
        asked = ExplainMergeRequest(customer_id=self.session.customer_id, merge_id=merge.merge_id)
        with self.session.carry():
            answer = await self._suite.context.ExplainMerge(asked)
        return LoginTold(
            outcomes=[outcome(area.area, thing) for area in answer.areas for thing in area.things],
            missing_areas=list(answer.missing_areas),
        )

    async def choose_reminders(self, language: str, time_zone: str) -> View:
        """The customer says on the account page how to be spoken to."""
        customer_id = self.session.customer_id
        with self.session.carry():
            await self._suite.preference.UpdatePreferences(
                UpdatePreferencesRequest(
                    preferences=Preferences(
                        customer_id=customer_id,
                        language=language,
                        time_zone=time_zone,
                        preferred_channels=[DELIVERY_KIND_EMAIL, DELIVERY_KIND_IN_APP],
                    ),
                    update_mask=FieldMask(paths=["language", "time_zone", "preferred_channels"]),
                )
            )
            await self._suite.preference.SetConsent(
                SetConsentRequest(
                    customer_id=customer_id,
                    purpose="cart_reminder",
                    delivery_kind=DELIVERY_KIND_EMAIL,
                    state=CONSENT_STATE_GRANTED,
                    wording=REMINDER_WORDING,
                    wording_version="2026-11",
                    source="account page",
                )
            )
        return await self.look()

    async def set_quantity(self, sku: str, quantity: int, at: float) -> Moment:
        """The customer changes a quantity, at a moment in seconds since 1970."""
        await asyncio.sleep(max(0.0, at - time.time()))
        began = time.time()
        with self.session.carry():
            await self._suite.cart.SetItemQuantity(
                SetItemQuantityRequest(customer_id=self.session.customer_id, sku=sku, quantity=quantity)
            )
        return Moment(began=began, ended=time.time())

    async def look(self) -> View:
        """What the shop knows of the customer now."""
        with self.session.carry():
            return await look(self._suite, self.session.customer_id)

    async def campaign_numbers(self, campaign_id: str) -> Numbers:
        """Marketing asks what a campaign brought today."""
        now = int(time.time())
        answer = await self._suite.campaign_reports.GetCampaignReport(
            GetCampaignReportRequest(
                campaign_id=campaign_id,
                from_time=Timestamp(seconds=now - DAY_SECONDS),
                to_time=Timestamp(seconds=now + MINUTE_SECONDS),
            )
        )
        report = answer.report
        return Numbers(
            entered=report.entered,
            sent=sum(arm.figures.sent for arm in report.arms),
            bought=sum(arm.bought_after_message for arm in report.arms),
            revenue=", ".join(price(money) for arm in report.arms for money in arm.revenue_after_message),
            paths=[_path(path) for path in report.paths],
        )

    async def journeys_from_web_to_store(self) -> Found:
        """Marketing looks for those who were here and bought in a store."""
        answer = await self._suite.journeys.SearchJourneys(
            SearchJourneysRequest(path=[CHANNEL_KIND_WEB, CHANNEL_KIND_STORE])
        )
        return Found(
            journey_ids=[card.journey.journey_id for card in answer.journeys if card.order_count],
            ways=[
                " > ".join(word(ChannelKind.Name(kind), "CHANNEL_KIND_") for kind in card.path)
                for card in answer.journeys
                if card.order_count
            ],
        )


def _path(path: CampaignPathReport) -> str:
    ways = [word(DeliveryKind.Name(kind), "DELIVERY_KIND_") for kind in path.delivery_kinds]
    return " > ".join([*ways, word(ChannelKind.Name(path.channel_kind), "CHANNEL_KIND_")])
