"""Remembers how the catalogue described articles and what it asked for them, so that messages can tell of them.

Carts keep their own names and prices; nothing here changes one. A description is read when it is told, and never
loaded as a whole.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from libs.clock import Clock
from libs.mongo.connection import Database, Document
from libs.mongo.deadline import reading
from libs.mongo.migrate import Index
from libs.mongo.newest import put_newest
from services.cart.line_fields import money_from_fields, money_to_fields
from services.cart.line_values import Article

DESCRIBED_ARTICLES = "described_articles"
KEPT_FOR = timedelta(days=400)
CATALOGUE_INDEXES = (Index(DESCRIBED_ARTICLES, (("expire_time", 1),), expire_after_seconds=0),)


@dataclass(frozen=True, slots=True)
class Described:
    """An article as the catalogue last told of it."""

    article: Article
    report_time: datetime


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What the catalogue told: a description is kept for 400 days after it was told last."""

    database: Database
    clock: Clock

    async def describe(self, articles: Sequence[Article], *, report_time: datetime) -> None:
        """Keep descriptions as of a time; one of a later time stands. One write, none for no articles."""
        if not articles:
            return
        expire_time = self.clock() + KEPT_FOR
        documents = [
            {**_to_fields(article), "report_time": report_time, "expire_time": expire_time} for article in articles
        ]
        await put_newest(self.database[DESCRIBED_ARTICLES], documents, by="report_time")

    async def find(self, skus: Sequence[str]) -> Mapping[str, Described]:
        """Give the descriptions of those that have one, by sku. One read by ids."""
        with reading():
            cursor = self.database[DESCRIBED_ARTICLES].find({"_id": {"$in": list(skus)}})
            return {document["_id"]: _from_document(document) for document in await cursor.to_list(len(skus))}


def _to_fields(article: Article) -> Document:
    return {
        "_id": article.sku,
        "name": article.name,
        "unit_price": money_to_fields(article.unit_price),
        "image_uri": article.image_uri,
        "link_uri": article.link_uri,
        "categories": list(article.categories),
    }


def _from_document(document: Document) -> Described:
    article = Article(
        sku=document["_id"],
        name=document["name"],
        unit_price=money_from_fields(document["unit_price"]),
        image_uri=document["image_uri"],
        link_uri=document["link_uri"],
        categories=tuple(document["categories"]),
    )
    return Described(article, document["report_time"])
