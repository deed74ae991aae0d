"""The account that is kept while offers apply: what is left of each line, and who touched it. Lives for one price."""

from collections.abc import Sequence

from services.cart.line_values import Line
from services.cart.money import Money
from services.cart.offers.values import ActiveOffer, OfferArticles
from services.cart.pricing.benefits import TakenOff


class Ledger:
    """Minor units, line by line in the order of the cart; lines are named by their index."""

    def __init__(self, lines: tuple[Line, ...], delivery_fee: Money | None) -> None:
        self.lines = lines
        self.currency_code = lines[0].article.unit_price.currency_code
        self.full = [line.article.unit_price.minor * line.quantity for line in lines]
        self.left = list(self.full)
        self.quantity = [line.quantity for line in lines]
        self.discounts: list[list[tuple[str, int]]] = [[] for _ in lines]
        """Offer id and how much it took off, in the order of application."""
        self.fee = delivery_fee.minor if delivery_fee else 0
        self.fee_left = self.fee
        self._touched = [False] * len(lines)
        self._closed = [False] * len(lines)
        self._applied: set[str] = set()
        self._excluded: set[str] = set()

    def money(self, minor: int) -> Money:
        """Give an amount in the cart's currency."""
        return Money(minor, self.currency_code)

    def matching(self, articles: OfferArticles) -> list[int]:
        """Give the lines that an offer is for."""
        skus, categories, excluded = articles.skus, articles.categories, articles.excluded_skus
        if not skus and not categories:
            if not excluded:
                return list(range(len(self.lines)))
            return [index for index, line in enumerate(self.lines) if line.article.sku not in excluded]
        return [
            index
            for index, line in enumerate(self.lines)
            if (line.article.sku in skus or (categories and not categories.isdisjoint(line.article.categories)))
            and line.article.sku not in excluded
        ]

    def open_lines(self, lines: Sequence[int], *, untouched: bool) -> list[int]:
        """Give those that no offer has closed, and where asked that none has touched."""
        barred = self._touched if untouched else self._closed
        return [line for line in lines if not barred[line]]

    def is_excluded(self, offer: ActiveOffer) -> bool:
        """Whether an offer that applied excludes this one, or the other way round."""
        return offer.offer_id in self._excluded or not self._applied.isdisjoint(offer.terms.excluded_offer_ids)

    def take(self, offer: ActiveOffer, lines: Sequence[int], taken: TakenOff) -> int:
        """Take something off lines, and give how much in all."""
        offer_id = offer.offer_id
        for line, off in zip(lines, taken.off, strict=False):
            if off:
                self.left[line] -= off
                self.discounts[line].append((offer_id, off))
        part = [line for line, took_part in zip(lines, taken.took_part, strict=False) if took_part]
        self._note(offer, touched=part, seen=part if taken.took_part else lines)
        return sum(taken.off)

    def free_delivery(self, offer: ActiveOffer, lines: Sequence[int]) -> int:
        """Take the delivery fee off, and give how much it was."""
        off, self.fee_left = self.fee_left, 0
        self._note(offer, touched=(), seen=lines)
        return off

    def _note(self, offer: ActiveOffer, *, touched: Sequence[int], seen: Sequence[int]) -> None:
        self._applied.add(offer.offer_id)
        self._excluded |= offer.terms.excluded_offer_ids
        for line in touched:
            self._touched[line] = True
        if not offer.terms.combinable:
            for line in seen:
                self._touched[line] = self._closed[line] = True
