"""Which of the offers that fit a node is the best for it, and why each other one lost. Pure.

In this order: what the document hints (`apart`, `together`), the price, the order of the settings, the zone's name.
Prices in different currencies are not compared: the currency of the provider that comes first in the settings goes
first, and a price that nobody says comes after every price that somebody does.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import NamedTuple

from manifests.model import Node
from manifests.offers import Offer
from manifests.planning.expand import is_abstract
from manifests.planning.fitting import Fit

_NO_PRICE = 10**9
"""After every currency."""


class Rank(NamedTuple):
    """The least is the best. `apart` and `together` count nodes of the hint's group in the same zone, then at the same
    provider; those to be together count down."""

    apart_zone: int
    apart_provider: int
    together_zone: int
    together_provider: int
    currency: int
    price: Decimal
    preference: int
    zone: str


@dataclass(frozen=True, slots=True)
class Candidate:
    """An offer that fits a node. `price` an hour in the offer's currency; None: nobody says."""

    offer: Offer
    fit: Fit
    price: Decimal | None
    rank: Rank

    @property
    def where(self) -> str:
        return f"{self.offer.provider}/{self.offer.zone}"

    @property
    def cost(self) -> str:
        return "no price" if self.price is None else f"{self.price} {self.offer.currency} an hour"


class Ranks:
    """Ranks candidates for the nodes of one manifest; remembers where those of a group are."""

    def __init__(self, offers: Iterable[Offer], preference: Mapping[str, int]) -> None:
        self._preference = preference
        currencies = dict.fromkeys(each.currency for each in offers if _is_priced(each))
        self._currencies = {name: index for index, name in enumerate(currencies)}
        self._placed: Counter[tuple[str, ...]] = Counter()

    def candidate(self, node: Node, offer: Offer, fit: Fit) -> Candidate:
        price = None if is_abstract(node) else fit.size.price if fit.size.price is not None else offer.price
        apart = self._near("apart", node.apart, offer)
        together = self._near("together", node.together, offer)
        rank = Rank(
            *apart, -together[0], -together[1],
            self._currency(price, offer), price or Decimal(0), self._preference[offer.provider], offer.zone,
        )  # fmt: skip
        return Candidate(offer, fit, price, rank)

    def take(self, node: Node, offer: Offer) -> None:
        for hint, group in (("apart", node.apart), ("together", node.together)):
            if group:
                self._placed[hint, group, offer.provider] += 1
                self._placed[hint, group, offer.provider, offer.zone] += 1

    def _near(self, hint: str, group: str | None, offer: Offer) -> tuple[int, int]:
        if not group:
            return (0, 0)
        at = (hint, group, offer.provider)
        return (self._placed[*at, offer.zone], self._placed[at])

    def _currency(self, price: Decimal | None, offer: Offer) -> int:
        """Nothing is nothing in every currency."""
        if price is None:
            return _NO_PRICE
        return self._currencies.get(offer.currency, 0) if price else 0


def _is_priced(offer: Offer) -> bool:
    return bool(offer.price) or any(size.price for size in offer.sizes)


def won(best: Candidate, others: int) -> str:
    """Why the best is chosen: the first reason of its placement."""
    if not others:
        return f"the only offer that fits: {best.where}, {best.cost}"
    return f"the best of {others + 1} offers that fit: {best.where}, {best.cost}"


def lost(one: Candidate, best: Candidate, node: Node) -> str:
    """Why this one is not chosen, with the numbers of both."""
    mine, its = one.rank, best.rank
    if mine[:4] != its[:4]:
        return _hinted(one, best, node)
    if mine.currency != its.currency:
        if one.price is None:
            return f"fits and says no price, and {best.where} costs {best.cost}"
        return f"costs {one.cost}, which is compared after {best.offer.currency}: {best.where} costs {best.cost}"
    if mine.price != its.price:
        return f"costs {one.cost}, and {best.where} {best.cost}"
    same = "neither says a price" if one.price is None else f"costs the same, {one.cost}"
    if mine.preference != its.preference:
        return f"fits, {same}, and {best.offer.provider} comes first in the settings"
    return f"fits, {same}, and the zone {best.offer.zone} comes first by its name"


_WORDS = ("apart from", "apart from", "together with", "together with")
"""Of the first four of a rank: a zone's, a provider's, twice."""


def _hinted(one: Candidate, best: Candidate, node: Node) -> str:
    """The first count in which the two differ."""
    index = next(i for i in range(len(_WORDS)) if one.rank[i] != best.rank[i])
    mine, its = (abs(int(each.rank[index])) for each in (one, best))
    names = (one.offer.provider, best.offer.provider) if index % 2 else (one.where, best.where)
    group = node.apart if index < 2 else node.together
    return (
        f"fits, and {names[0]} has {mine} of the nodes that {node.name} is to be {_WORDS[index]} ({group}); "
        f"{names[1]} has {its}"
    )
