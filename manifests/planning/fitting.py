"""Whether an offer could take a node, and how: the hard rules, each with the sentence why not. Pure.

What a manifest leaves open is none of this: the price, the order of the settings and hints choose among those that fit
(`manifests.planning.ranking`), and what is left of a provider is counted down beside (`manifests.planning.quotas`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from manifests.model import Manifest, Node
from manifests.offers import Offer, OfferedImage, Size
from manifests.planning import images, sizes
from manifests.planning.expand import is_abstract
from manifests.planning.networks import Lan, fixed, network_name
from manifests.reading import check

# The kinds of provider contract that CORDS documents name (cords.md 1.3), as drivers.
HISTORIC = {
    "openstack": "openstack",
    "occiopenstack": "openstack",
    "opennebula": "opennebula",
    "amazonec2": "ec2",
    "windowsazure": "azure",
    "dummy": "fake",
}
ENDED = {
    "deltacloud": (
        "DeltaCloud ended in 2016 and nothing answers its API any more",
        "name the cloud behind it: openstack, opennebula, amazonEc2, windowsazure, libcloud for one that has no driver "
        "of its own, or any",
    )
}
"""Historic names that lead nowhere: what became of it, and what replaces it."""
ANY = ("any", "")
_USUAL = "x86_64"
_NO_SIZE, _NO_IMAGE = Size(None, 0, 0, 0), OfferedImage("", "")


@dataclass(frozen=True, slots=True)
class Fit:
    """What a node would get from an offer, and why this of all that it has."""

    size: Size
    image: OfferedImage
    reasons: tuple[str, ...]


class Rules:
    """The hard rules for the nodes of one manifest. Equal needs have equal answers: a thousand nodes of one kind are
    judged once for each offer."""

    def __init__(self, manifest: Manifest, lans: Mapping[str, Lan], *, now: int, max_age: int) -> None:
        self._lans, self._now, self._max_age = lans, now, max_age
        self._directed = frozenset(_directed(manifest))
        self._known: dict[object, Fit | str] = {}

    def judge(self, node: Node, offer: Offer, zone: str | None) -> Fit | str:
        """A fit, or the sentence why not. `zone` is the one asked for."""
        against = mismatch(node, zone, offer) or stale(offer, now=self._now, max_age=self._max_age)
        if against:
            return against
        if is_abstract(node):
            return _whole(node, offer)
        directed = node.name in self._directed or _has_scripts(node)
        wants = Wants(node, directed, self._lans[network_name(node)])
        system = node.image.system if node.image else None
        key = (offer.provider, offer.zone, sizes.need(node), system, wants.facts())
        if key not in self._known:
            self._known[key] = incapable(wants, offer) or fit(node, offer, offer.sizes)
        return self._known[key]


def stale(offer: Offer, *, now: int, max_age: int) -> str:
    """Why an offer is too old to be believed, with the numbers; empty when it is not. In microseconds."""
    age = now - offer.observed_at
    if age <= max_age:
        return ""
    return f"its offers were observed {age / 1_000_000:.0f} s ago, which is more than {max_age / 1_000_000:.0f} s"


def is_driver(named: str, driver: str) -> bool:
    """Whether a document's name is that of a driver: its own, a historic one, or what stands before the colon of one
    that is of many clouds (`libcloud` of `libcloud:vultr`)."""
    return HISTORIC.get(named.lower(), named) in {driver, driver.partition(":")[0]}


def mismatch(node: Node, zone: str | None, offer: Offer) -> str:
    """What the document names and this offer is not; empty when nothing."""
    named = node.provider
    if named not in ANY and named != offer.provider and not is_driver(named, offer.driver):
        return f"is not {named}"
    if node.operator not in (*ANY, offer.operator):
        return f"is of the operator {offer.operator}, not {node.operator}"
    if (node.profile or "") not in (*ANY, offer.provider):  # a subscription at a provider is what an instance is
        return f"is the subscription {offer.provider}, not {node.profile}"
    if zone and zone not in ("any", offer.zone):
        return f"is not in the zone {zone}"
    return ""


@dataclass(frozen=True, slots=True)
class Wants:
    """What a node takes of a driver's abilities. `directed`: it is told something. `lan`: its network."""

    node: Node
    directed: bool
    lan: Lan

    @property
    def agent(self) -> str:
        return self.node.image.agent if self.node.image else ""

    def facts(self) -> tuple[object, ...]:
        """All that the rules read."""
        node = self.node
        return (self.agent == "none", self.directed, len(check.volumes(node)), self.lan, fixed(node))


def _volumes(wants: Wants) -> str:
    count = len(check.volumes(wants.node))
    return f"has no volumes, and this node has {count}" if count else ""


def _vlan(wants: Wants) -> str:
    lan = wants.lan
    return f"has no networks with a VLAN number, and {lan.name} is to be {lan.vlan}" if lan.vlan else ""


def _subnets(wants: Wants) -> str:
    lan = wants.lan
    many = len(lan.subnets)
    return f"has no more than one subnet in a network, and {lan.name} has {many}" if many > 1 else ""


def _fixed(wants: Wants) -> str:
    address = fixed(wants.node)
    return f"has no addresses that are chosen, and this node's is to be {address}" if address else ""


def _firewalls(_: Wants) -> str:
    return "has no firewalls, and a node is closed but for its ports"


ABILITIES: Sequence[tuple[str, Callable[[Wants], str]]] = (
    ("volumes", _volumes),
    ("firewalls", _firewalls),
    ("vlan", _vlan),
    ("subnets", _subnets),
    ("fixed", _fixed),
)
"""An ability that an offer may not have, and why a node needs it (empty: it does not)."""


def incapable(wants: Wants, offer: Offer) -> str:
    """What the node needs and the driver cannot do. Where the settings say `open` a node may do without firewall."""
    able = {*offer.abilities, *(("firewalls",) if offer.open else ())}
    for ability, why in ABILITIES:
        if ability not in able and (reason := why(wants)):
            return reason
    if offer.open and wants.lan.subnets:
        return f"has one network, the cloud's own, and {wants.lan.name} is to be {wants.lan.subnets[0]}"
    if wants.directed and offer.delivery == "none":
        return "carries no instructions to its nodes, and this one needs some"
    if wants.directed and offer.delivery == "home" and wants.agent == "none":
        return "carries instructions by the agent, and the node's image says agent none"
    return ""


def _whole(node: Node, offer: Offer) -> Fit | str:
    """An abstract node has no size and no image of ours: the provider makes of it what it will."""
    if node.category not in offer.categories:
        return f"takes no {node.category}"
    return Fit(_NO_SIZE, _NO_IMAGE, (f"it takes {node.category}",))


def fit(node: Node, offer: Offer, among: Sequence[Size]) -> Fit | str:
    """Size and image of one architecture: the one asked for, or the first that has both, the usual one first. `among`
    are those of the offer's sizes that come into question."""
    found: Fit | str = "has no sizes at all"
    wanted = sizes.need(node)
    for one in (wanted.architecture,) if wanted.architecture else _architectures(among):
        found = _of_one(node, replace(wanted, architecture=one), offer, among)
        if isinstance(found, Fit):
            break
    return found


def _architectures(among: Sequence[Size]) -> list[str | None]:
    there = {images.architecture(size.architecture) for size in among}
    return sorted(there, key=lambda name: (name != _USUAL, name or ""))


def _of_one(node: Node, wanted: sizes.Need, offer: Offer, among: Sequence[Size]) -> Fit | str:
    size = sizes.fit(wanted, among, flexible=offer.flexible)
    if size.size is None:
        return size.reason
    image = images.choose(node.image.system if node.image else None, wanted.architecture, offer.images)
    if image.image is None:
        return image.reason
    return Fit(size.size, image.image, (size.reason, image.reason))


def _has_scripts(node: Node) -> bool:
    return any(package.installation or package.configuration for package in check.packages(node))


def _directed(manifest: Manifest) -> Iterable[str]:
    """Nodes that are told something in a phase."""
    for phase in (manifest.configuration, manifest.release):
        for action in phase.actions if phase else ():
            yield from (statement.target for statement in action.statements)
