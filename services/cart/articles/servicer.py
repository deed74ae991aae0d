"""Translates what the catalogue tells of articles."""

from libs.errors import invalid_field
from libs.timestamps import from_timestamp
from omnithread.cart.v1 import article_service_pb2 as pb
from omnithread.cart.v1.article_service_pb2_grpc import ArticleServiceServicer
from services.cart.articles.operations import Articles


class ArticleServicer(ArticleServiceServicer):
    """Hears what carts should know of articles."""

    def __init__(self, articles: Articles) -> None:
        self._articles = articles

    async def ReportArticles(self, request: pb.ReportArticlesRequest, _context: object) -> pb.ReportArticlesResponse:
        sold: dict[str, bool] = {}
        for index, article in enumerate(request.articles):
            if article.sku in sold:
                raise invalid_field(f"articles[{index}].sku", "given twice")
            sold[article.sku] = article.sold
        await self._articles.report(sold, report_time=from_timestamp(request.report_time, field="report_time"))
        return pb.ReportArticlesResponse()
