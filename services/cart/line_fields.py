"""Remembers lines and amounts: as fields of a record or document, and back."""

from collections.abc import Mapping
from typing import Any

from libs.channel import Channel
from services.cart.line_values import Article, Line, LineId, TaxRate
from services.cart.money import Money

Fields = dict[str, Any]
"""What MongoDB keeps: names to values of any kind."""


def line_to_fields(line: Line) -> Fields:
    """Write a line."""
    article = line.article
    return {
        "line_id": line.line_id,
        "sku": article.sku,
        "name": article.name,
        "unit_price": money_to_fields(article.unit_price),
        "image_uri": article.image_uri,
        "link_uri": article.link_uri,
        "attributes": [list(attribute) for attribute in article.attributes],
        "quantity": line.quantity,
        "channel": line.channel.to_fields(),
        "add_time": line.add_time,
        "update_time": line.update_time,
        "session_id": line.session_id,
        "changed_session_id": line.changed_session_id,
        "categories": list(article.categories),
        "tax": [article.tax.basis_points, article.tax.included] if article.tax else None,
    }


def line_from_fields(fields: Mapping[str, Any]) -> Line:
    """Read a line back."""
    return Line(
        line_id=LineId(fields["line_id"]),
        article=Article(
            sku=fields["sku"],
            name=fields["name"],
            unit_price=money_from_fields(fields["unit_price"]),
            image_uri=fields["image_uri"],
            link_uri=fields["link_uri"],
            attributes=tuple((key, value) for key, value in fields["attributes"]),
            categories=tuple(fields.get("categories", ())),
            tax=TaxRate(*fields["tax"]) if fields.get("tax") else None,
        ),
        quantity=fields["quantity"],
        channel=Channel.from_fields(fields["channel"]),
        add_time=fields["add_time"],
        update_time=fields["update_time"],
        session_id=fields.get("session_id", ""),
        changed_session_id=fields.get("changed_session_id", ""),
    )


def money_to_fields(money: Money) -> Fields:
    """Write an amount."""
    return {"minor": money.minor, "currency_code": money.currency_code}


def money_from_fields(fields: Mapping[str, Any]) -> Money:
    """Read an amount back."""
    return Money(minor=fields["minor"], currency_code=fields["currency_code"])
