"""Nodes get the first offer that fits, in the order of the settings, with reasons that hold the numbers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from decimal import Decimal

import pytest

from manifests import Manifest, Node, Offer, OfferedImage, Placed, Size, place

Parsed = Callable[[str | bytes], Manifest]
G = 10**9

PARIS = Offer(
    provider="paris",
    driver="openstack",
    zone="eu-1",
    sizes=(
        Size("large", 8, 32 * G, 100 * G, price=Decimal("0.40")),
        Size("small", 1, 2 * G, 20 * G, price=Decimal("0.05")),
        Size("medium", 4, 8 * G, 40 * G, price=Decimal("0.20")),
        Size("arm", 4, 8 * G, 40 * G, architecture="aarch64", price=Decimal("0.01")),
    ),
    images=(
        OfferedImage("1f", "Debian 12 generic", "debian", "12", aliases=("linux", "debian_with_cosacs")),
        OfferedImage("2e", "Ubuntu 24.04", "ubuntu", "24.04"),
        OfferedImage("3d", "Debian 12 arm", "debian", "12", architecture="aarch64"),
    ),
    observed_at=1_000_000_000,
)
LYON = replace(PARIS, provider="lyon", driver="fake", zone="eu-2", operator="acme", left={"machines": 2})


def put(manifest: Manifest, offers: Sequence[Offer] = (PARIS, LYON), *, now: int = 1_000_000_000) -> Placed:
    return place(manifest, offers, now=now, max_age=300_000_000, providers=["paris", "lyon"])


def node(attributes: str = "", compute: str = "", system: str = "", name: str = "a") -> str:
    image = f"<image><system {system}/></image>" if system else ""
    return f'<node name="{name}" {attributes}><infrastructure><compute {compute}/></infrastructure>{image}</node>'


def manifest(*nodes: str) -> str:
    return f'<manifest name="m">{"".join(nodes)}</manifest>'


def test_the_first_provider_of_the_settings_that_fits_is_taken(parsed: Parsed) -> None:
    placed = put(parsed(manifest(node())))
    assert (placed.placements[0].provider, placed.placements[0].zone) == ("paris", "eu-1")
    assert [(r.provider, r.reason) for r in placed.placements[0].refused] == [
        ("lyon", "fits, costs the same, 0.05 EUR an hour, and paris comes first in the settings")
    ]


@pytest.mark.parametrize(
    ("wanted", "provider"),
    [("lyon", "lyon"), ("fake", "lyon"), ("openstack", "paris"), ("dummy", "lyon"), ("any", "paris")],
)
def test_a_provider_is_named_by_instance_driver_historic_name_or_any(
    parsed: Parsed, wanted: str, provider: str
) -> None:
    assert put(parsed(manifest(node(f'provider="{wanted}"')))).placements[0].provider == provider


def test_operator_and_zone_narrow_the_choice(parsed: Parsed) -> None:
    assert put(parsed(manifest(node('operator="acme"')))).placements[0].provider == "lyon"
    assert put(parsed(manifest(node('zone="eu-2"')))).placements[0].provider == "lyon"


def test_a_profile_is_one_subscription_of_those_at_a_provider(parsed: Parsed) -> None:
    rome = replace(PARIS, provider="rome")
    wanted = parsed(manifest(node('provider="openstack" profile="rome"')))
    (placed,) = place(wanted, (PARIS, rome), now=PARIS.observed_at, max_age=1, providers=["paris", "rome"]).placements
    assert placed.provider == "rome"
    assert [r.reason for r in placed.refused] == ["is the subscription paris, not rome"]
    (found,) = put(parsed(manifest(node('profile="nice"')))).diagnostics
    assert found.code == "no-offer"
    assert "paris/eu-1 is the subscription paris, not nice" in found.summary


def test_an_unknown_provider_is_told_with_those_there_are(parsed: Parsed) -> None:
    (found,) = put(parsed(manifest(node('provider="pariss"')))).diagnostics
    assert (found.code, found.hint) == ("no-provider", "did you mean 'paris'?")
    assert found.summary.endswith("there are: paris, lyon")


@pytest.mark.parametrize(
    ("compute", "size"),
    [
        ("", "small"),
        ('cores="2"', "medium"),
        ('memory="9G"', "large"),
        ('architecture="arm64"', "arm"),
        ('architecture="x86" cores="2"', "medium"),
    ],
)
def test_the_cheapest_then_smallest_size_that_is_enough_is_chosen(parsed: Parsed, compute: str, size: str) -> None:
    placement = put(parsed(manifest(node(compute=compute)))).placements[0]
    assert placement.size.name == size
    assert placement.price == placement.size.price
    assert f"size {size} of" in placement.reasons[1]


def test_a_refusal_has_the_numbers(parsed: Parsed) -> None:
    (found,) = put(parsed(manifest(node(compute='cores="9" memory="2G"')))).diagnostics
    assert found.code == "no-offer"
    assert (
        "paris/eu-1 has no size with 9 cores, 2 GB memory, 0 B disk; large, the largest, has 8 cores of 9"
        in found.summary
    )


def test_a_flexible_offer_gives_exactly_what_is_asked(parsed: Parsed) -> None:
    flexible = replace(PARIS, flexible=True, sizes=(Size(None, 8, 32 * G, 100 * G),))
    size = put(parsed(manifest(node(compute='cores="3" memory="5G"'))), [flexible]).placements[0].size
    assert (size.name, size.cores, size.memory, size.disk) == (None, 3, 5 * G, 0)


@pytest.mark.parametrize(
    ("system", "image"),
    [
        ('name="2e"', "2e"),
        ('name="Ubuntu 24.04"', "2e"),
        ('name="debian_with_cosacs"', "1f"),
        ('name="ubuntu" version="24.04"', "2e"),
        ('name="anything" distribution="ubuntu"', "2e"),
        ('name="linux"', "1f"),
        ('name="linux" distribution="ubuntu"', "2e"),
        ('name="debian" architecture="aarch64"', "3d"),
    ],
)
def test_images_are_matched_by_id_name_alias_then_properties(parsed: Parsed, system: str, image: str) -> None:
    assert put(parsed(manifest(node(system=system)))).placements[0].image.id == image


def test_linux_is_what_the_provider_starts_by_default(parsed: Parsed) -> None:
    bare = replace(PARIS, images=(OfferedImage("x", "Some system"), OfferedImage("y", "Another")))
    assert put(parsed(manifest(node(system='name="linux"'))), [bare]).placements[0].image.id == "x"


@pytest.mark.parametrize(
    "system", ['name="Debian"  version="11"', 'name="Debian 12"', 'name="deb"', 'name="1f" version="13"']
)
def test_an_image_is_never_matched_in_part(parsed: Parsed, system: str) -> None:
    (found,) = put(parsed(manifest(node(system=system)))).diagnostics
    assert found.code == "no-offer"
    assert "nearest: Debian 12" in found.summary


def test_offers_that_are_too_old_are_refused_by_name(parsed: Parsed) -> None:
    (found,) = put(parsed(manifest(node())), [PARIS], now=1_420_000_000).diagnostics
    assert "paris/eu-1 its offers were observed 420 s ago, which is more than 300 s" in found.summary
    assert "lyon has no offers yet" in found.summary


def test_what_this_manifest_took_is_no_longer_there(parsed: Parsed) -> None:
    placed = put(parsed(manifest(*(node(name=name) for name in "cab"))), [LYON])
    assert [p.node for p in placed.placements] == ["a", "b"]
    said = "has room for 2 machines, and this manifest already took 2; 1 more would be too much"
    assert said in placed.diagnostics[0].summary


def test_a_node_with_instructions_needs_a_way_for_them(parsed: Parsed) -> None:
    action = """<configuration><action expression="a.system('x');"/></configuration>"""
    text = f'<manifest name="m"><node name="a"/>{action}</manifest>'
    (found,) = put(parsed(text), [replace(PARIS, delivery="none")]).diagnostics
    assert "carries no instructions to its nodes" in found.summary
    assert not put(parsed(manifest(node())), [replace(PARIS, delivery="none")]).diagnostics


def test_a_node_is_never_put_where_it_cannot_be_closed(parsed: Parsed) -> None:
    assert (
        "has no firewalls"
        in put(parsed(manifest(node())), [replace(PARIS, abilities=("volumes",))]).diagnostics[0].summary
    )


def test_an_abstract_node_is_placed_where_its_category_is_taken_and_costs_what_nobody_says(local: Offer) -> None:
    takes = replace(local, provider="paas", categories=("paas_application_manifest",), price=Decimal(1))
    document = Manifest("m", (Node("shop", type="store", category="paas_application_manifest"),))
    placed = place(document, [local, takes], now=0, max_age=1, providers=["local", "paas"])
    (found,) = placed.placements
    assert (found.provider, found.price) == ("paas", None)
    assert [refusal.reason for refusal in found.refused] == ["takes no paas_application_manifest"]


def test_an_abstract_node_that_nobody_takes_is_told_what_is_taken(local: Offer) -> None:
    takes = replace(local, categories=("easiclouds_application",))
    document = Manifest("m", (Node("shop", type="store", category="paas_application_manifest"),))
    (found,) = place(document, [takes], now=0, max_age=1, providers=["local"]).diagnostics
    assert (found.code, found.hint) == ("no-provider-kind", "there are providers for: easiclouds_application")
    assert "shop" in found.summary and "'paas_application_manifest'" in found.summary


PRICED = (
    replace(PARIS, price=Decimal(1)),
    replace(LYON, sizes=(Size("tiny", 1, 2 * G, 20 * G, price=Decimal("0.02")),)),
)


def test_the_cheapest_of_all_that_fit_is_taken_and_the_dearer_are_told_with_both_prices(parsed: Parsed) -> None:
    (placed,) = put(parsed(manifest(node())), PRICED).placements
    assert (placed.provider, placed.price) == ("lyon", Decimal("0.02"))
    assert placed.reasons[0] == "the best of 2 offers that fit: lyon/eu-2, 0.02 EUR an hour"
    assert [each.reason for each in placed.refused] == ["costs 0.05 EUR an hour, and lyon/eu-2 0.02 EUR an hour"]


def test_a_named_provider_is_no_question_of_price(parsed: Parsed) -> None:
    (placed,) = put(parsed(manifest(node('provider="paris"'))), PRICED).placements
    assert placed.provider == "paris"
    assert [each.reason for each in placed.refused] == ["is not paris"]


def test_a_price_that_nobody_says_comes_after_every_price(parsed: Parsed) -> None:
    unknown = replace(PARIS, sizes=(Size("some", 1, 2 * G, 20 * G),))
    (placed,) = put(parsed(manifest(node())), [unknown, LYON]).placements
    assert placed.provider == "lyon"
    assert placed.refused[0].reason == "fits and says no price, and lyon/eu-2 costs 0.05 EUR an hour"


def test_another_currency_is_compared_after_that_of_the_first_provider(parsed: Parsed) -> None:
    (placed,) = put(parsed(manifest(node())), [PARIS, replace(PRICED[1], currency="USD")]).placements
    assert placed.provider == "paris"
    said = "costs 0.02 USD an hour, which is compared after EUR: paris/eu-1 costs 0.05 EUR an hour"
    assert placed.refused[0].reason == said


def test_nodes_of_a_group_are_kept_apart_or_together_where_that_can_be(parsed: Parsed) -> None:
    apart = put(parsed(manifest(*(node('apart="web"', name=name) for name in "abc")))).placements
    assert [each.provider for each in apart] == ["paris", "lyon", "paris"]
    assert apart[1].refused[0].reason == (
        "fits, and paris/eu-1 has 1 of the nodes that b is to be apart from (web); lyon/eu-2 has 0"
    )
    pair = manifest(node('together="pair" provider="lyon"', name="b"), node('together="pair"', name="a"))
    assert [each.provider for each in put(parsed(pair)).placements] == ["lyon", "lyon"]


def test_a_hint_never_refuses(parsed: Parsed) -> None:
    placed = put(parsed(manifest(*(node('apart="web"', name=name) for name in "ab"))), [PARIS])
    assert [each.provider for each in placed.placements] == ["paris", "paris"]


def test_a_smaller_size_is_taken_where_the_best_is_more_than_what_is_left(parsed: Parsed) -> None:
    sizes = (Size("bargain", 8, 32 * G, 100 * G, price=Decimal("0.01")), PARIS.sizes[1])
    (placed,) = put(parsed(manifest(node())), [replace(PARIS, sizes=sizes, left={"cores": 4})]).placements
    assert placed.size.name == "small"


def test_a_node_that_can_be_at_one_place_alone_goes_first(parsed: Parsed) -> None:
    cheap = replace(PRICED[1], left={"machines": 1})
    placed = put(parsed(manifest(node(name="a"), node('provider="lyon"', name="b"))), [PARIS, cheap])
    assert [(each.node, each.provider) for each in placed.placements] == [("a", "paris"), ("b", "lyon")]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('<network name="lan" vlan="120"/>', "has no networks with a VLAN number, and lan is to be 120"),
        (
            '<network name="lan"><endpoint subnet="10.1.0.0/24"/><endpoint subnet="10.2.0.0/24"/></network>',
            "has no more than one subnet in a network, and lan has 2",
        ),
        (
            '<network name="lan"><endpoint range="10.1.0.9"/></network>',
            "has no addresses that are chosen, and this node's is to be 10.1.0.9",
        ),
        (
            '<storage name="s"><volume name="v" size="1G"/></storage>',
            "has no volumes, and this node has 1",
        ),
    ],
)
def test_what_a_driver_cannot_do_is_known_when_it_is_planned(parsed: Parsed, content: str, said: str) -> None:
    document = parsed(f'<manifest name="m"><node name="a"><infrastructure>{content}</infrastructure></node></manifest>')
    (found,) = put(document, [replace(PARIS, abilities=("firewalls", "snapshots", "suspend"))]).diagnostics
    assert said in found.summary
    able = replace(PARIS, abilities=("firewalls", "fixed", "snapshots", "subnets", "suspend", "vlan", "volumes"))
    assert not put(document, [able]).diagnostics


def test_what_cannot_be_done_later_is_a_warning(parsed: Parsed) -> None:
    (found,) = put(parsed(manifest(node())), [replace(PARIS, abilities=("firewalls", "snapshots"))]).diagnostics
    assert (found.code, found.summary) == ("not-later", "a cannot be suspended later: paris cannot do that")


@pytest.mark.parametrize(
    ("named", "driver"),
    [
        ("openstack", "openstack"),
        ("occiopenstack", "openstack"),
        ("opennebula", "opennebula"),
        ("amazonEc2", "ec2"),
        ("ec2", "ec2"),
        ("windowsazure", "azure"),
        ("azure", "azure"),
        ("dummy", "fake"),
        ("kvm", "kvm"),
        ("libcloud:vultr", "libcloud:vultr"),
        ("libcloud", "libcloud:vultr"),
    ],
)
def test_a_driver_is_named_as_it_is_or_as_cords_called_it(parsed: Parsed, named: str, driver: str) -> None:
    """Any instance of it will do, and no other; `any` takes what there is."""
    there = replace(PARIS, driver=driver)
    other = replace(PARIS, provider="lyon", driver="another")
    for word in (named, "any"):
        document = parsed(manifest(node(f'provider="{word}"')))
        (placed,) = put(document, [there, *([] if word == "any" else [other])]).placements
        assert placed.provider == "paris"
    assert not put(parsed(manifest(node(f'provider="{named}"'))), [other]).placements


@pytest.mark.parametrize("named", ["deltacloud", "DeltaCloud"])
def test_deltacloud_is_told_what_replaces_it(parsed: Parsed, named: str) -> None:
    (found,) = put(parsed(manifest(node(f'provider="{named}"')))).diagnostics
    assert found.code == "ended-provider"
    assert "ended in 2016" in found.summary
    assert "openstack" in found.hint
