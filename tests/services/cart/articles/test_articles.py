"""What somebody should know before the customer pays, and what the catalogue has to do with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from libs.errors import OmnithreadError, deadline_exceeded
from libs.mongo.connection import connect, database
from libs.timestamps import to_timestamp
from omnithread.cart.v1 import article_service_pb2 as article_pb
from omnithread.cart.v1 import cart_service_pb2 as pb
from omnithread.cart.v1.cart_pb2 import CART_PROBLEM_KIND_NOT_SOLD, CartProblem
from services.cart.articles.operations import Articles
from services.cart.problems import Problem, ProblemKind, cart_problems
from services.cart.values import Cart
from tests.services.calls import refusal, until
from tests.services.cart.samples import article, cart_of
from tests.services.cart.shop import Shop, item

NOW = datetime.now(UTC)


def reported(*skus: str, sold: bool = False, minutes: float = -10) -> article_pb.ReportArticlesRequest:
    return article_pb.ReportArticlesRequest(
        articles=[article_pb.ArticleReport(sku=sku, sold=sold) for sku in skus],
        report_time=to_timestamp(NOW + timedelta(minutes=minutes)),
    )


async def problems(shop: Shop, customer_id: str) -> list[CartProblem]:
    return list((await shop.web.GetCart(pb.GetCartRequest(customer_id=customer_id))).problems)


def test_a_cart_without_anything_odd_has_no_problems() -> None:
    assert cart_problems(Cart(), {"shoe"}) == ()
    assert cart_problems(cart_of((article("shoe"), 1), (article("sock", 490), 2)), {"boot"}) == ()


def test_lines_of_one_article_at_two_prices_are_named() -> None:
    cart = cart_of((article("shoe"), 1), (article("sock", 490), 2), (article("shoe", 7990), 1))
    (problem,) = cart_problems(cart, ())
    assert (problem.kind, problem.line_ids, problem.sku) == (ProblemKind.PRICE_DIFFERS, ("lin_0", "lin_2"), "shoe")


def test_lines_in_another_currency_than_the_carts_are_named_while_it_has_one() -> None:
    aside = cart_of((article("boot", currency_code="EUR"), 1), prefix="aside").lines
    cart = replace(cart_of((article("shoe"), 1)), set_aside_lines=aside)
    assert cart_problems(cart, ()) == (Problem(ProblemKind.CURRENCY_DIFFERS, (aside[0].line_id,)),)
    assert cart_problems(replace(cart, lines=()), ()) == ()


def test_what_is_not_sold_any_more_is_named_wherever_it_lies() -> None:
    later = cart_of((article("shoe"), 1), prefix="later").lines
    cart = replace(cart_of((article("shoe"), 1), (article("sock"), 1)), saved_lines=later)
    (problem,) = cart_problems(cart, {"shoe"})
    assert (problem.kind, problem.line_ids, problem.sku) == (ProblemKind.NOT_SOLD, ("lin_0", "later_0"), "shoe")


async def test_an_article_that_the_catalogue_took_out_is_a_problem_on_every_replica_and_can_still_be_bought(
    shop: Shop, another_replica: Shop
) -> None:
    customer_id = await shop.new_customer()
    added = await shop.web.AddItem(item(customer_id, "winter-boot"))
    await shop.at_web.articles.ReportArticles(reported("winter-boot", "snow-shoe"))
    expected = [CartProblem(kind=CART_PROBLEM_KIND_NOT_SOLD, line_ids=[added.line_id], sku="winter-boot")]
    assert await problems(shop, customer_id) == expected
    assert await until(lambda: problems(another_replica, customer_id)) == expected
    await another_replica.web.AddItem(item(customer_id, "winter-boot"))

    await another_replica.at_web.articles.ReportArticles(reported("winter-boot", sold=True, minutes=-5))
    assert await problems(another_replica, customer_id) == []

    async def settled() -> bool:
        return await problems(shop, customer_id) == []

    await until(settled)


async def test_what_the_catalogue_told_later_stands_whichever_comes_first(shop: Shop) -> None:
    customer_id = await shop.new_customer()
    await shop.web.AddItem(item(customer_id, "sandal"))
    await shop.at_web.articles.ReportArticles(reported("sandal", sold=True, minutes=-5))
    await shop.at_web.articles.ReportArticles(reported("sandal", sold=False, minutes=-10))
    assert await problems(shop, customer_id) == []


async def test_a_report_from_the_future_or_with_an_article_twice_is_refused(shop: Shop) -> None:
    for request, fault in (
        (reported("shoe", minutes=600), "report_time"),
        (reported("shoe", "shoe"), "articles[1].sku"),
    ):
        refused = await refusal(shop.at_web.articles.ReportArticles(request))
        assert (refused.reason, [one.field for one in refused.fields]) == ("INVALID_FIELD", [fault])


@dataclass(slots=True)
class SlowReplica(Articles):
    """One that takes in a few reports, and then has no time left."""

    taken: list[str] = field(default_factory=list)
    most: int = 2

    def _take(self, document: Mapping[str, Any]) -> None:
        if len(self.taken) == self.most:
            raise deadline_exceeded()
        self.taken.append(document["_id"])


async def test_a_look_that_took_too_long_goes_on_where_it_came_to(mongo_uri: str, unique_prefix: str) -> None:
    client = connect(mongo_uri, app_name="article-tests")
    named = database(client, unique_prefix)
    times = [NOW + timedelta(minutes=5 * number) for number in range(4)]
    for number, time in enumerate(times):
        told = Articles(database=named, clock=lambda time=time: time, pause_seconds=1)  # type: ignore[misc]
        await told.report({f"sku-{number}": False}, report_time=time)
    replica = SlowReplica(database=named, clock=lambda: times[-1], pause_seconds=1)
    with pytest.raises(OmnithreadError):
        await replica.look()
    replica.most = 100
    await replica.look()
    assert replica.taken == ["sku-0", "sku-1", "sku-1", "sku-2", "sku-3"]
    client.close()
