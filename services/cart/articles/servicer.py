"""Translates what the catalogue tells of articles, and what is asked about their prices."""

from libs.channel import Channel
from libs.errors import invalid_field
from libs.rpc.call import current_call
from libs.timestamps import from_timestamp, to_timestamp
from omnithread.cart.v1 import article_service_pb2 as pb
from omnithread.cart.v1.article_service_pb2_grpc import ArticleServiceServicer
from services.cart import errors
from services.cart.articles.catalogue import Catalogue, Described
from services.cart.articles.operations import Articles
from services.cart.line_values import Article
from services.cart.money import money_to_proto, price_from_proto
from services.cart.operations import Carts
from services.cart.pricing.convert import applied_to_proto
from services.cart.pricing.operations import Pricing
from services.cart.pricing.values import Price


class ArticleServicer(ArticleServiceServicer):
    """Hears what carts should know of articles, and says what these cost."""

    def __init__(self, articles: Articles, *, catalogue: Catalogue, carts: Carts, pricing: Pricing) -> None:
        self._articles = articles
        self._catalogue = catalogue
        self._carts = carts
        self._pricing = pricing

    async def ReportArticles(self, request: pb.ReportArticlesRequest, _context: object) -> pb.ReportArticlesResponse:
        sold: dict[str, bool] = {}
        described: list[Article] = []
        for index, article in enumerate(request.articles):
            if article.sku in sold:
                raise invalid_field(f"articles[{index}].sku", "given twice")
            sold[article.sku] = article.sold
            if article.HasField("unit_price"):
                described.append(_described(article, f"articles[{index}]"))
        report_time = from_timestamp(request.report_time, field="report_time")
        await self._articles.report(sold, report_time=report_time)
        await self._catalogue.describe(described, report_time=report_time)
        return pb.ReportArticlesResponse()

    async def PriceArticles(self, request: pb.PriceArticlesRequest, _context: object) -> pb.PriceArticlesResponse:
        caller = current_call().caller
        channel_id = request.channel_id or ("" if caller.service else caller.channel_id)
        channel = self._pricing.channels.find(channel_id)
        if channel is None and channel_id:
            raise errors.channel_not_registered()
        saved = await self._carts.get(request.customer_id)
        known = await self._catalogue.find(request.skus)
        told = [known[sku] for sku in request.skus if sku in known]
        prices: list[Price] = []
        if channel is not None and told:
            place = Channel(channel.id, channel.kind)
            prices = await self._pricing.alone(saved, [one.article for one in told], place, channel.brand)
        answers = [self._priced(one) for one in told]
        for answer, price in zip(answers, prices, strict=False):
            answer.price.CopyFrom(money_to_proto(price.total))
            answer.applied_offers.extend(applied_to_proto(offer) for offer in price.applied)
        return pb.PriceArticlesResponse(articles=answers)

    def _priced(self, described: Described) -> pb.ArticlePrice:
        article = described.article
        return pb.ArticlePrice(
            sku=article.sku,
            name=article.name,
            unit_price=money_to_proto(article.unit_price),
            price=money_to_proto(article.unit_price),
            image_uri=article.image_uri,
            link_uri=article.link_uri,
            sold=article.sku not in self._articles.unsold,
            report_time=to_timestamp(described.report_time),
        )


def _described(report: pb.ArticleReport, place: str) -> Article:
    if not report.name.strip():
        raise invalid_field(f"{place}.name", "an article with a price needs one")
    return Article(
        sku=report.sku,
        name=report.name,
        unit_price=price_from_proto(report.unit_price, f"{place}.unit_price"),
        image_uri=report.image_uri,
        link_uri=report.link_uri,
        categories=tuple(sorted(report.categories)),
    )
