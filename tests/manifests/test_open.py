"""Providers whose driver closes no node: only where their settings say that a node may go there all the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from manifests import Manifest, Offer, OfferedImage, Placed, Size, place, plan

Parsed = Callable[[str | bytes], Manifest]
G = 10**9
OPEN = Offer(
    provider="paris",
    driver="libcloud:vultr",
    zone="eu-1",
    sizes=(Size("small", 1, 2 * G, 20 * G),),
    images=(OfferedImage("1", "Debian", aliases=("linux",)),),
    observed_at=0,
    abilities=("volumes",),
    open=True,
)
PLAIN = '<manifest name="m"><node name="a"/></manifest>'


def put(manifest: Manifest, offer: Offer = OPEN) -> Placed:
    return place(manifest, [offer], now=0, max_age=1, providers=["paris"])


def test_a_node_goes_there_without_a_firewall_and_its_author_is_told(parsed: Parsed) -> None:
    manifest = parsed(PLAIN)
    placed = put(manifest)
    assert "open-node" in {each.code for each in placed.diagnostics}
    made = plan(manifest, placed.placements).plan
    assert made
    assert [step.id for step in made.steps] == ["paris.lan", "a.0.machine", "a.0.agent", "a.0.ready"]
    assert "firewall" not in made.step("a.0.machine").inputs


def test_without_that_setting_it_is_refused(parsed: Parsed) -> None:
    placed = put(parsed(PLAIN), replace(OPEN, open=False))
    assert placed.placements == ()
    assert "has no firewalls" in placed.diagnostics[0].summary


def test_the_one_network_has_no_range_that_a_document_chooses(parsed: Parsed) -> None:
    endpoint = '<endpoint subnet="10.1.2.0/24"/>'
    network = f'<infrastructure><network name="lan">{endpoint}</network></infrastructure>'
    placed = put(parsed(f'<manifest name="m"><node name="a">{network}</node></manifest>'))
    assert placed.placements == ()
    assert "the cloud's own, and lan is to be 10.1.2.0/24" in placed.diagnostics[0].summary


@pytest.mark.parametrize(("named", "found"), [("libcloud", 1), ("libcloud:vultr", 1), ("libcloud:ovh", 0)])
def test_a_driver_of_many_clouds_is_named_with_one_of_them_or_without(parsed: Parsed, named: str, found: int) -> None:
    document = PLAIN.replace('name="a"', f'name="a" provider="{named}"')
    assert len(put(parsed(document)).placements) == found
