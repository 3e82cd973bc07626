"""What the tests of documents share: a cloud to place on, and the way from a document to its plan."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from manifests import Manifest, Offer, OfferedImage, Plan, Size, place, plan, read
from tests import library

EXAMPLES = Path(__file__).parents[2] / "examples"


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--write-golden", action="store_true", help="write the golden plans beside the examples anew")


@pytest.fixture(scope="session")
def local() -> Offer:
    """What the local provider offers on a machine of two cores."""
    return Offer(
        provider="local",
        driver="local",
        zone="here",
        sizes=(Size(None, 2, 8 * 1024**3, 50 * 10**9),),
        images=(OfferedImage("debian-12", "debian-12", "debian", "12", aliases=("linux",)),),
        observed_at=0,
        flexible=True,
        abilities=("console", "firewalls", "fixed", "packages", "snapshots", "suspend", "volumes"),
    )


@pytest.fixture(scope="session")
def planned(local: Offer) -> Callable[[Manifest], Plan]:
    """The plan of a manifest that is placed on `local`."""

    def make(manifest: Manifest) -> Plan:
        placed = place(manifest, [local], now=0, max_age=1, providers=["local"])
        made = plan(manifest, placed.placements)
        assert made.plan, [str(d) for d in (*placed.diagnostics, *made.diagnostics)]
        return made.plan

    return make


@pytest.fixture(scope="session")
def parsed() -> Callable[[str | bytes], Manifest]:
    """The manifest of a text that has nothing wrong."""

    def make(text: str | bytes) -> Manifest:
        reading = read(text.encode() if isinstance(text, str) else text)
        assert isinstance(reading.document, Manifest), [str(d) for d in reading.diagnostics]
        return reading.document

    return make


@pytest.fixture(scope="session")
def example() -> Callable[[str], Manifest]:
    return library.example
