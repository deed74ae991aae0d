"""The app's backend: a device whose owner is logged in."""

import asyncio
import time

import omnithread
from deploy.demo.channels.catalogue import ARTICLES
from deploy.demo.channels.look import look
from deploy.demo.views import Carried, Letter, Moment, View
from omnithread.cart.v1.handover_service_pb2 import CreateHandoverRequest
from omnithread.messaging.v1.messaging_pb2 import AUTHOR_CUSTOMER
from omnithread.messaging.v1.messaging_service_pb2 import GetMessageRequest, PostMessageRequest


class MobileApp:
    """What happens behind the app's screens."""

    def __init__(self, suite: omnithread.Omnithread) -> None:
        self._suite = suite
        self._session: omnithread.Session | None = None

    @property
    def session(self) -> omnithread.Session:
        """The visit that goes on."""
        if self._session is None:
            raise LookupError("nobody has opened the app yet")
        return self._session

    async def open(self, device: str, email: str) -> View:
        """The customer opens the app, in which they are logged in."""
        self._session = await self._suite.start_session(
            [omnithread.device(device), omnithread.email(email, verified=True)]
        )
        return await self.look()

    async def put_into_cart(self, sku: str, at: float) -> Moment:
        """The customer puts an article into the cart, at a moment in seconds since 1970."""
        await asyncio.sleep(max(0.0, at - time.time()))
        began = time.time()
        with self.session.carry():
            await self._suite.cart.AddItem(ARTICLES[sku].added_to(self.session.customer_id))
        return Moment(began=began, ended=time.time())

    async def say(self, text: str) -> View:
        """The customer writes in the chat."""
        with self.session.carry():
            await self._suite.messaging.PostMessage(
                PostMessageRequest(
                    customer_id=self.session.customer_id, topic="order", author=AUTHOR_CUSTOMER, text=text
                )
            )
        return await self.look()

    async def read(self, message_id: str) -> Letter:
        """The customer opens a message of the company's."""
        with self.session.carry():
            answer = await self._suite.messaging.GetMessage(
                GetMessageRequest(customer_id=self.session.customer_id, message_id=message_id)
            )
        message = answer.message
        return Letter(language=message.language, subject=message.subject, text=message.body_text)

    async def hand_over(self) -> Carried:
        """The customer wants to go on in the store: the app shows a picture to scan, and six digits to say."""
        with self.session.carry():
            carried = await self._suite.handovers.CreateHandover(
                CreateHandoverRequest(
                    customer_id=self.session.customer_id, single_use=True, with_code=True, with_picture=True
                )
            )
        return Carried(token=carried.token, picture_bytes=len(carried.picture_png), code=carried.code)

    async def look(self) -> View:
        """What the app knows of the customer now."""
        with self.session.carry():
            return await look(self._suite, self.session.customer_id)
