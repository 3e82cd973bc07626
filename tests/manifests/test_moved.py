"""A plan says what of it no longer holds: images, sizes, prices, quotas."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from decimal import Decimal

import pytest

from manifests import Manifest, Offer, OfferedImage, Plan, Size, moved, place, plan

Parsed = Callable[[str | bytes], Manifest]
G = 10**9
OFFER = Offer(
    "paris",
    "fake",
    "a",
    (Size("small", 1, 2 * G, 20 * G, price=Decimal("0.05")), Size("large", 4, 8 * G, 40 * G, price=Decimal("0.2"))),
    (OfferedImage("1", "debian"),),
    observed_at=0,
    left={"machines": 2, "storage": 10 * G},
    abilities=("addresses", "firewalls", "snapshots", "suspend", "volumes"),
)
DOCUMENT = (
    '<manifest name="m"><node name="n" access="public"><infrastructure>'
    '<storage name="s"><volume name="v" size="8G"/></storage></infrastructure></node><node name="o"/></manifest>'
)


@pytest.fixture
def made(parsed: Parsed) -> Plan:
    document = parsed(DOCUMENT)
    found = plan(document, place(document, [OFFER], now=0, max_age=1, providers=["paris"]).placements).plan
    assert found
    return found


def test_nothing_moved_where_offers_are_the_same_or_cheaper(made: Plan) -> None:
    cheaper = tuple(replace(size, price=Decimal("0.01")) for size in OFFER.sizes)
    assert moved(made, [OFFER]) == ()
    assert moved(made, [replace(OFFER, sizes=cheaper, observed_at=9)]) == ()


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"images": (OfferedImage("2", "other"),)}, "paris/a has the image debian of n no more"),
        ({"sizes": OFFER.sizes[1:]}, "paris/a has the size of n no more: small"),
        (
            {"sizes": (replace(OFFER.sizes[0], price=Decimal("0.06")),)},
            "n costs 0.06 EUR an hour at paris, and was to cost 0.05 EUR an hour",
        ),
        ({"currency": "USD"}, "n costs 0.05 USD an hour at paris, and was to cost 0.05 EUR an hour"),
        ({"left": {"machines": 1}}, "paris has room for 1 machines; 2 more would be too much"),
        ({"left": {"storage": 7 * G}}, "paris has room for 7 GB storage; 8 GB more would be too much"),
        ({"left": {"addresses": 0}}, "paris has room for 0 addresses; 1 more would be too much"),
        ({"left": {"networks": 0}}, "paris has room for 0 networks; 1 more would be too much"),
        ({"zone": "b"}, "paris/a offers nothing any more, and n was to be there"),
    ],
)
def test_what_moved_is_said_with_what_it_was(made: Plan, change: Mapping[str, object], said: str) -> None:
    assert said in moved(made, [replace(OFFER, **change)])  # type: ignore[arg-type] (each is a field's own type)


def test_a_machine_of_a_flexible_offer_holds_as_long_as_it_is_within_the_limits(parsed: Parsed) -> None:
    document = parsed('<manifest name="m"><node name="n"/></manifest>')
    wide = replace(OFFER, flexible=True, sizes=(Size(None, 4, 8 * G, 40 * G),))
    found = plan(document, place(document, [wide], now=0, max_age=1, providers=["paris"]).placements).plan
    assert found
    assert moved(found, [wide]) == ()
    (said,) = moved(found, [replace(wide, sizes=(Size(None, 4, G // 4, 40 * G),))])
    assert said.startswith("paris/a has the size of n no more: 1 cores")
