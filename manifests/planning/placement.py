"""Nodes -> placements: the first offer that fits, in the order of the settings' providers, with the reasons.

Pure: offers are values that somebody observed, `now` and `max_age` are arguments.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from manifests.actions.paths import is_complex
from manifests.diagnostics import Diagnostic
from manifests.findings import Findings, nearest
from manifests.model import Manifest, Node, Offer, OfferedImage, Placement, Refusal, Size
from manifests.planning import images, sizes
from manifests.planning.expand import MOST_NODES, count, expand, is_abstract
from manifests.reading import check
from manifests.reading.outside import inside

# The kinds of provider contract that CORDS documents name (cords.md 1.3), as drivers.
HISTORIC = {
    "openstack": "openstack",
    "occiopenstack": "openstack",
    "opennebula": "opennebula",
    "amazonec2": "ec2",
    "windowsazure": "azure",
    "dummy": "fake",
}
_ANY = ("any", "")
_USUAL = "x86_64"
_NO_SIZE, _NO_IMAGE = Size(None, 0, 0, 0), OfferedImage("", "")


@dataclass(frozen=True, slots=True)
class Placed:
    """Placements sorted by node; all nodes have one unless a diagnostic is an error."""

    placements: tuple[Placement, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def place(manifest: Manifest, offers: Sequence[Offer], *, now: int, max_age: int, providers: Sequence[str]) -> Placed:
    """An offer for each node.

    `now` and `max_age` in microseconds; `providers` are the instances of the settings, in their order. Nodes are placed
    in the order of their names, so that the document's order changes nothing where offers are scarce.
    """
    findings = Findings()
    if (many := count(manifest)) > MOST_NODES:
        summary = f"{manifest.name} has {many} nodes with those of its manifests; {MOST_NODES} are the most"
        findings.add("too-many-nodes", manifest.at, summary, "make several services of it")
        return Placed((), findings.diagnostics())
    manifest = inside(expand(manifest, through=True))
    placer = _Placer(manifest, _ordered(offers, providers), tuple(providers), findings, now=now, max_age=max_age)
    nodes = sorted(manifest.nodes, key=lambda node: node.name)
    placed = [placement for node in nodes if (placement := placer.place(node))]
    return Placed(tuple(placed), findings.diagnostics())


def _ordered(offers: Iterable[Offer], providers: Sequence[str]) -> list[Offer]:
    """By the settings' order, then by zone. An offer of a provider that is no longer in the settings is nobody's."""
    rank = {name: index for index, name in enumerate(providers)}
    return sorted((o for o in offers if o.provider in rank), key=lambda o: (rank[o.provider], o.zone))


@dataclass(frozen=True, slots=True)
class _Fit:
    size: Size
    image: OfferedImage
    reasons: tuple[str, ...]


class _Placer:
    """Remembers what it gave away, and what it found for equal nodes before."""

    def __init__(
        self,
        manifest: Manifest,
        offers: list[Offer],
        providers: tuple[str, ...],
        findings: Findings,
        *,
        now: int,
        max_age: int,
    ) -> None:
        self._manifest, self._offers, self._now, self._max_age = manifest, offers, now, max_age
        self._providers, self._findings = providers, findings
        self._given: Counter[int] = Counter()
        self._known: dict[object, _Fit | str] = {}
        self._directed = frozenset(_directed(manifest))

    def place(self, node: Node) -> Placement | None:
        if not self._deployable(node):
            return None
        self._wishes(node)
        refused: list[Refusal] = []
        for index, offer in enumerate(self._offers):
            found = self._consider(node, index, offer)
            if isinstance(found, _Fit):
                self._given[index] += 1
                return self._placement(node, offer, found, refused)
            refused.append(Refusal(offer.provider, offer.zone, found))
        self._refuse(node, refused)
        return None

    def _deployable(self, node: Node) -> bool:
        if not is_complex(node):
            return True
        empty = node.nested is not None
        why = "which has no nodes" if empty else "which nobody has here"
        hint = "give it nodes" if empty else f"post the manifest {node.type} first, or describe the node here"
        self._findings.add("node-type", node.at, f"the node {node.name} is the manifest {node.type}, {why}", hint)
        return False

    def _wishes(self, node: Node) -> None:
        compute = node.infrastructure.compute if node.infrastructure else None
        if compute and compute.speed:
            summary = f"{compute.speed / 10**9:g} GHz for {node.name} is a wish: no provider promises a speed"
            self._findings.add("speed-is-a-wish", compute.at, summary)

    def _consider(self, node: Node, index: int, offer: Offer) -> _Fit | str:
        """A fit, or the sentence why not."""
        zone = node.zone or self._manifest.zone
        against = _mismatch(node, zone, offer) or self._stale(offer) or self._used_up(index, offer)
        if against:
            return against
        if is_abstract(node):
            return _whole(node, offer)
        directed = node.name in self._directed or _has_scripts(node)
        wanted, system = sizes.need(node), node.image.system if node.image else None
        agent = node.image.agent if node.image else ""
        # Equal needs have equal answers: a thousand nodes of one kind are judged once for each offer.
        key = (index, wanted, system, agent == "none", directed, bool(check.volumes(node)))
        if key not in self._known:
            self._known[key] = _incapable(node, offer, directed, agent) or _fit(node, wanted, offer)
        return self._known[key]

    def _stale(self, offer: Offer) -> str:
        age = self._now - offer.observed_at
        if age <= self._max_age:
            return ""
        seconds, most = age / 1_000_000, self._max_age / 1_000_000
        return f"its offers were observed {seconds:.0f} s ago, which is more than {most:.0f} s"

    def _used_up(self, index: int, offer: Offer) -> str:
        most = offer.left.get("machines")
        if most is None or self._given[index] < most:
            return ""
        return f"has room for {most} machines, and this manifest already took {self._given[index]}"

    def _placement(self, node: Node, offer: Offer, found: _Fit, refused: list[Refusal]) -> Placement:
        later = self._offers[len(refused) + 1 :]
        against = [*refused, *(Refusal(o.provider, o.zone, f"{offer.provider} comes first and fits") for o in later)]
        price = found.size.price if found.size.price is not None or is_abstract(node) else offer.price
        packages = "packages" in offer.abilities
        return Placement(
            node.name, offer.provider, offer.zone, found.size, found.image, packages, offer.delivery,
            price, offer.currency, found.reasons, tuple(against),
        )  # fmt: skip

    def _refuse(self, node: Node, refused: list[Refusal]) -> None:
        drivers = {offer.driver for offer in self._offers}
        named = node.provider
        unheard = set(self._providers) - {offer.provider for offer in self._offers}
        known = named in _ANY or named in self._providers or HISTORIC.get(named.lower(), named) in drivers
        if not self._providers or not (known or unheard):
            hint = nearest(named, self._providers) or "add it to the setting `providers`"
            listed = ", ".join(self._providers) or "none"
            self._findings.add(
                "no-provider", node.at, f"no provider for {node.name} is {named!r}; there are: {listed}", hint
            )
            return
        if is_abstract(node) and not any(node.category in offer.categories for offer in self._offers):
            kinds = ", ".join(sorted({kind for offer in self._offers for kind in offer.categories})) or "none"
            summary = f"no provider takes the node {node.name} whole: its category is {node.category!r}"
            hint = f"there are providers for: {kinds}"
            self._findings.add("no-provider-kind", node.at, summary, hint)
            return
        reasons = [f"{r.provider}/{r.zone} {r.reason}" for r in refused]
        reasons += [f"{name} has no offers yet" for name in self._providers if name in unheard]
        summary = f"no offer fits the node {node.name}: " + "; ".join(reasons)
        self._findings.add("no-offer", node.at, summary, "ask for less, or look at `accords providers`")


def _mismatch(node: Node, zone: str | None, offer: Offer) -> str:
    named = node.provider
    if named not in _ANY and named != offer.provider and HISTORIC.get(named.lower(), named) != offer.driver:
        return f"is not {named}"
    if node.operator not in (*_ANY, offer.operator):
        return f"is of the operator {offer.operator}, not {node.operator}"
    if (node.profile or "") not in (*_ANY, offer.provider):  # a subscription at a provider is what an instance is
        return f"is the subscription {offer.provider}, not {node.profile}"
    if zone and zone not in ("any", offer.zone):
        return f"is not in the zone {zone}"
    return ""


def _whole(node: Node, offer: Offer) -> _Fit | str:
    """An abstract node has no size and no image of ours: the provider makes of it what it will."""
    if node.category not in offer.categories:
        return f"takes no {node.category}"
    return _Fit(_NO_SIZE, _NO_IMAGE, (f"first that takes {node.category}: {offer.provider}/{offer.zone}",))


def _incapable(node: Node, offer: Offer, directed: bool, agent: str) -> str:
    if check.volumes(node) and "volumes" not in offer.abilities:
        return "has no volumes"
    if "firewalls" not in offer.abilities:
        return "has no firewalls, and a node is closed but for its ports"
    if directed and offer.delivery == "none":
        return "carries no instructions to its nodes, and this one needs some"
    if directed and offer.delivery == "home" and agent == "none":
        return "carries instructions by the agent, and the node's image says agent none"
    return ""


def _fit(node: Node, wanted: sizes.Need, offer: Offer) -> _Fit | str:
    """Size and image of one architecture: the one asked for, or the first that has both, the usual one first."""
    found: _Fit | str = "has no sizes at all"
    for one in (wanted.architecture,) if wanted.architecture else _architectures(offer):
        found = _of_one(node, replace(wanted, architecture=one), offer)
        if isinstance(found, _Fit):
            break
    return found


def _architectures(offer: Offer) -> list[str | None]:
    there = {images.architecture(size.architecture) for size in offer.sizes}
    return sorted(there, key=lambda name: (name != _USUAL, name or ""))


def _of_one(node: Node, wanted: sizes.Need, offer: Offer) -> _Fit | str:
    size = sizes.fit(wanted, offer.sizes, flexible=offer.flexible)
    if size.size is None:
        return size.reason
    image = images.choose(node.image.system if node.image else None, wanted.architecture, offer.images)
    if image.image is None:
        return image.reason
    return _Fit(size.size, image.image, (f"first that fits: {offer.provider}/{offer.zone}", size.reason, image.reason))


def _has_scripts(node: Node) -> bool:
    return any(package.installation or package.configuration for package in check.packages(node))


def _directed(manifest: Manifest) -> Iterable[str]:
    """Nodes that are told something in a phase."""
    for phase in (manifest.configuration, manifest.release):
        for action in phase.actions if phase else ():
            yield from (statement.target for statement in action.statements)
