"""Translates words about lines: what the contract says, and what the model says."""

from collections.abc import Sequence

from libs.timestamps import to_timestamp
from omnithread.cart.v1 import cart_pb2
from omnithread.common.v1 import attribute_pb2
from services.cart import errors
from services.cart.line_values import Line, TaxRate
from services.cart.money import money_to_proto


def line_to_proto(line: Line) -> cart_pb2.CartLine:
    """Write a line."""
    article = line.article
    return cart_pb2.CartLine(
        line_id=line.line_id,
        sku=article.sku,
        name=article.name,
        unit_price=money_to_proto(article.unit_price),
        quantity=line.quantity,
        line_total=money_to_proto(line.total),
        image_uri=article.image_uri,
        link_uri=article.link_uri,
        attributes=[attribute_pb2.Attribute(key=key, value=value) for key, value in article.attributes],
        channel=line.channel.to_proto(),
        add_time=to_timestamp(line.add_time),
        update_time=to_timestamp(line.update_time),
        categories=article.categories,
        tax=_tax_to_proto(article.tax) if article.tax else None,
    )


def attributes_from_proto(attributes: Sequence[attribute_pb2.Attribute]) -> tuple[tuple[str, str], ...]:
    """Read free attributes, sorted by key. Raises ATTRIBUTE_DUPLICATE."""
    values: dict[str, str] = {}
    for index, attribute in enumerate(attributes):
        if attribute.key in values:
            raise errors.attribute_duplicate(index)
        values[attribute.key] = attribute.value
    return tuple(sorted(values.items()))


def tax_from_proto(message: cart_pb2.TaxRate) -> TaxRate:
    """Read a tax rate."""
    return TaxRate(basis_points=message.basis_points, included=message.included)


def _tax_to_proto(tax: TaxRate) -> cart_pb2.TaxRate:
    return cart_pb2.TaxRate(basis_points=tax.basis_points, included=tax.included)
