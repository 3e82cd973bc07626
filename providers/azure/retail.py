"""Prices as Azure publishes them: an address that needs no login and tells what an hour of a size costs in a region.

Only where the settings name it, and only for as many sizes as one question can name; kept for a day. What cannot be had
from there is no price, and no reason to offer nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Collection, Iterator, Mapping
from decimal import Decimal
from typing import Annotated
from urllib.parse import urlencode

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, ValidationError

from providers.azure.options import Options
from providers.azure.wire import Wire
from providers.errors import ProviderError

MOST = 40
"""So many sizes fit into the address of a question."""
DAY = 24 * 3600.0
OTHERWISE = ("Windows", "Spot", "Low Priority")
"""Words in the names of meters that are not what an ordinary hour of Linux costs."""


class Meter(BaseModel):
    """One price of one size."""

    size: str = Field(alias="armSkuName")
    product: str = Field(default="", alias="productName")
    name: str = Field(default="", alias="skuName")
    unit: str = Field(alias="unitOfMeasure")
    price: Annotated[Decimal, BeforeValidator(str)] = Field(alias="retailPrice")  # as it is written, not as a float


class Page(BaseModel):
    meters: tuple[Meter, ...] = Field(validation_alias=AliasChoices("Items", "items"))
    next: str | None = Field(default=None, validation_alias=AliasChoices("NextPageLink", "nextPageLink"))


class Retail:
    """What the sizes of one region cost an hour."""

    def __init__(self, wire: Wire, options: Options) -> None:
        self._wire, self._options = wire, options
        self._lock = threading.Lock()
        self._known: tuple[float, frozenset[str], Mapping[str, Decimal]] = (float("-inf"), frozenset(), {})

    def prices(self, sizes: Collection[str]) -> Mapping[str, Decimal]:
        """Size -> price an hour, in the currency of the settings."""
        wanted = frozenset(sizes)
        if self._options.retail is None or not 0 < len(wanted) <= MOST:
            return {}
        with self._lock:
            asked, known, found = self._known
        if known != wanted or time.monotonic() - asked > DAY:
            try:
                found = cheapest(self._meters(sorted(wanted)))
            except (ProviderError, ValidationError):
                return {}
            with self._lock:
                self._known = (time.monotonic(), wanted, found)
        return found

    def _meters(self, sizes: Collection[str]) -> Iterator[Meter]:
        names = " or ".join(f"armSkuName eq '{each}'" for each in sizes)
        narrow = f"armRegionName eq '{self._options.location}' and priceType eq 'Consumption' and ({names})"
        query = urlencode({"currencyCode": f"'{self._options.currency}'", "$filter": narrow})
        page = Page.model_validate_json(self._wire.fetch(f"{self._options.retail}?{query}"))
        yield from page.meters
        while page.next:
            page = Page.model_validate_json(self._wire.fetch(page.next))
            yield from page.meters


def cheapest(meters: Iterator[Meter]) -> Mapping[str, Decimal]:
    """Of each size what an ordinary hour costs. Pure."""
    found: dict[str, Decimal] = {}
    for each in meters:
        if each.unit == "1 Hour" and not any(word in each.product or word in each.name for word in OTHERWISE):
            found[each.size] = min(each.price, found.get(each.size, each.price))
    return found
