"""What cart says that things cost today, asked while a message is written that tells of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from omnithread.cart.v1.article_service_pb2 import ArticlePrice, PriceArticlesRequest
from omnithread.cart.v1.offer_service_pb2 import PriceCartRequest
from omnithread.cart.v1.price_pb2 import CartPrice
from services.messaging.deciding.sources import TIMEOUT_SECONDS, asked

if TYPE_CHECKING:  # the classes of stubs on an asyncio channel are known to type checkers only
    from omnithread.cart.v1.article_service_pb2_grpc import ArticleServiceAsyncStub
    from omnithread.cart.v1.offer_service_pb2_grpc import OfferServiceAsyncStub


@dataclass(frozen=True, slots=True)
class Prices:
    """Asks cart for prices. Every method raises SourceAway."""

    offers: "OfferServiceAsyncStub"
    articles: "ArticleServiceAsyncStub"

    async def of_cart(self, customer_id: str, channel_id: str) -> CartPrice | None:
        """Give what the customer's cart costs on a channel; None for an empty one. Raises NotThere."""
        request = PriceCartRequest(customer_id=customer_id, channel_id=channel_id)
        answer = await asked("cart", self.offers.PriceCart(request, timeout=TIMEOUT_SECONDS))
        return answer.price if answer.HasField("price") else None

    async def of_articles(self, customer_id: str, skus: Sequence[str], channel_id: str) -> Mapping[str, ArticlePrice]:
        """Give what articles cost a customer, those that are sold and of which the catalogue told; 1 to 20 of them."""
        request = PriceArticlesRequest(customer_id=customer_id, skus=skus, channel_id=channel_id)
        answer = await asked("cart", self.articles.PriceArticles(request, timeout=TIMEOUT_SECONDS))
        return {article.sku: article for article in answer.articles if article.sold}
