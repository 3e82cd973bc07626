"""What must hold of every placement, whatever is offered and asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal

from hypothesis import given, settings
from hypothesis import strategies as st

from manifests import Manifest, Node, Offer, OfferedImage, Placed, Placement, Size, Volume, place
from manifests.model import Compute, Infrastructure, Network, Storage
from manifests.planning.fitting import HISTORIC

G = 10**9
PROVIDERS = ("paris", "lyon", "rome")
ABILITIES = ("addresses", "firewalls", "snapshots", "suspend", "vlan", "volumes")
GROUPS = st.sampled_from([None, None, "one", "two"])
PRICES = st.sampled_from([None, Decimal(0), Decimal("0.1"), Decimal("0.2")])


@st.composite
def offers(draw: st.DrawFn) -> list[Offer]:
    """Up to six, of three providers in two zones; what is left is an account's, the same in each zone."""
    left = {
        name: draw(
            st.dictionaries(
                st.sampled_from(["machines", "cores", "volumes", "storage", "addresses", "networks"]),
                st.integers(0, 6),
                max_size=3,
            )
        )
        for name in PROVIDERS
    }
    places = draw(st.lists(st.tuples(st.sampled_from(PROVIDERS), st.sampled_from("ab")), max_size=6, unique=True))
    return [draw(_offer(provider, zone, left[provider])) for provider, zone in places]


@st.composite
def _offer(draw: st.DrawFn, provider: str, zone: str, left: dict[str, int]) -> Offer:
    cores = draw(st.lists(st.integers(1, 4), max_size=3, unique=True))
    return Offer(
        provider,
        driver=draw(st.sampled_from(["fake", "openstack"])),
        zone=zone,
        sizes=tuple(Size(f"s{each}", each, 8 * G, 50 * G, price=draw(PRICES)) for each in cores),
        images=(OfferedImage("1", "linux"),),
        observed_at=draw(st.sampled_from([0, 10])),
        left={**left, **({"storage": left["storage"] * G} if "storage" in left else {})},
        abilities=tuple(sorted(draw(st.sets(st.sampled_from(ABILITIES))) | {"firewalls"})),
        price=draw(PRICES),
        currency=draw(st.sampled_from(["EUR", "USD"])),
    )


@st.composite
def nodes(draw: st.DrawFn, name: str) -> Node:
    volumes = tuple(Volume(f"v{i}", draw(st.integers(1, 3)) * G) for i in range(draw(st.integers(0, 2))))
    network = Network(draw(st.sampled_from(["lan", "dmz"])), vlan=draw(st.sampled_from([None, "100M", "7"])))
    return Node(
        name,
        provider=draw(st.sampled_from(["any", "any", "paris", "openstack"])),
        zone=draw(st.sampled_from([None, None, "a"])),
        access=draw(st.sampled_from(["private", "public"])),
        infrastructure=Infrastructure(
            "i", Compute("c", cores=draw(st.integers(1, 4))), network, Storage("s", volumes=volumes)
        ),
        apart=draw(GROUPS),
        together=draw(GROUPS),
    )


@st.composite
def manifests(draw: st.DrawFn) -> Manifest:
    return Manifest("m", tuple(draw(nodes(f"n{i}")) for i in range(draw(st.integers(1, 5)))))


def put(manifest: Manifest, offered: Sequence[Offer]) -> Placed:
    return place(manifest, offered, now=10, max_age=5, providers=PROVIDERS)


def chosen(placement: Placement, offered: Sequence[Offer]) -> Offer:
    (found,) = (each for each in offered if (each.provider, each.zone) == (placement.provider, placement.zone))
    return found


@settings(deadline=None)
@given(manifests(), offers(), st.data())
def test_the_order_of_offers_and_nodes_changes_nothing(
    manifest: Manifest, offered: list[Offer], data: st.DataObject
) -> None:
    shuffled = replace(manifest, nodes=tuple(data.draw(st.permutations(manifest.nodes))))
    assert put(shuffled, data.draw(st.permutations(offered))).placements == put(manifest, offered).placements


@settings(deadline=None)
@given(manifests(), offers())
def test_every_candidate_that_is_not_chosen_has_exactly_one_reason(manifest: Manifest, offered: list[Offer]) -> None:
    heard = {each.provider for each in offered}
    candidates = Counter((each.provider, each.zone) for each in offered)
    candidates.update((name, "") for name in PROVIDERS if name not in heard)
    for placement in put(manifest, offered).placements:
        against = Counter((each.provider, each.zone) for each in placement.refused)
        assert against + Counter([(placement.provider, placement.zone)]) == candidates
        assert all(each.reason for each in placement.refused)


@settings(deadline=None)
@given(manifests(), offers())
def test_nothing_is_placed_beyond_what_is_left(manifest: Manifest, offered: list[Offer]) -> None:
    taken: dict[str, Counter[str]] = {name: Counter() for name in PROVIDERS}
    networks: set[tuple[str, str]] = set()
    placements = put(manifest, offered).placements
    for placement in placements:
        node, offer = manifest.node(placement.node), chosen(placement, offered)
        below = node.infrastructure
        assert below and below.storage and below.network
        address = int(node.access == "public" and "addresses" in offer.abilities)
        assert placement.address == bool(address)
        new = (offer.provider, below.network.name) not in networks
        networks.add((offer.provider, below.network.name))
        sizes = [volume.size for volume in below.storage.volumes]
        taken[offer.provider].update(
            machines=1, cores=placement.size.cores, volumes=len(sizes), storage=sum(sizes), addresses=address,
            networks=int(new),
        )  # fmt: skip
    for placement in placements:
        left = chosen(placement, offered).left
        assert all(taken[placement.provider][what] <= most for what, most in left.items())


@settings(deadline=None)
@given(manifests(), offers())
def test_what_the_document_names_and_the_driver_cannot_do_are_never_bent(
    manifest: Manifest, offered: list[Offer]
) -> None:
    for placement in put(manifest, offered).placements:
        node, offer = manifest.node(placement.node), chosen(placement, offered)
        below = node.infrastructure
        assert below and below.storage and below.network and below.compute
        assert node.provider in ("any", offer.provider) or HISTORIC[node.provider] == offer.driver
        assert node.zone in (None, offer.zone)
        assert offer.observed_at >= 5
        assert placement.size.cores >= (below.compute.cores or 1)
        assert not below.storage.volumes or "volumes" in offer.abilities
        assert below.network.vlan != "7" or "vlan" in offer.abilities or not _numbered(manifest, below.network.name)


def _numbered(manifest: Manifest, network: str) -> bool:
    every = (node.infrastructure and node.infrastructure.network for node in manifest.nodes)
    return any(each and each.name == network and each.vlan == "7" for each in every)


@settings(deadline=None)
@given(nodes("n"), offers())
def test_no_other_offer_that_fits_is_cheaper(node: Node, offered: list[Offer]) -> None:
    """Of one node alone: each other offer is offered by itself to see whether it fits, and what it would cost."""
    found = put(Manifest("m", (node,)), offered).placements
    alone = [each for offer in offered for each in put(Manifest("m", (node,)), [offer]).placements]
    assert bool(found) == bool(alone)
    for placement in found:
        same = [each for each in alone if each.currency == placement.currency or not each.price]
        prices = [each.price for each in same if each.price is not None]
        assert not prices or (placement.price is not None and placement.price <= min(prices))
        equal = [
            PROVIDERS.index(e.provider) for e in alone if (e.price, e.currency) == (placement.price, placement.currency)
        ]
        assert PROVIDERS.index(placement.provider) == min(equal)
