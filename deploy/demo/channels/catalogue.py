"""What the shop sells. Omnithread keeps no catalogue: every channel tells the article with what is added."""

from dataclasses import dataclass

from google.type.money_pb2 import Money

from omnithread.cart.v1.cart_service_pb2 import AddItemRequest
from omnithread.common.v1.attribute_pb2 import Attribute


@dataclass(frozen=True, slots=True)
class Article:
    """One thing to buy."""

    sku: str
    name: str
    euros: int
    cents: int
    colour: str
    category: str

    def added_to(self, customer_id: str, quantity: int = 1) -> AddItemRequest:
        """The request that puts it into a customer's cart."""
        return AddItemRequest(
            customer_id=customer_id,
            sku=self.sku,
            name=self.name,
            unit_price=Money(currency_code="EUR", units=self.euros, nanos=self.cents * 10_000_000),
            quantity=quantity,
            link_uri=f"https://shop.example.com/p/{self.sku}",
            attributes=[Attribute(key="colour", value=self.colour)],
            categories=[self.category],
        )


ARTICLES = {
    article.sku: article
    for article in (
        Article(sku="PURSE-17", name="Handtasche Marlene", euros=129, cents=0, colour="schwarz", category="leather"),
        Article(sku="SCARF-03", name="Seidenschal Isar", euros=49, cents=90, colour="blau", category="silk"),
        Article(sku="CARE-01", name="Lederpflege", euros=9, cents=50, colour="farblos", category="care"),
    )
}
