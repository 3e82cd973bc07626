"""Nodes -> placements: of the offers that fit each node the best, with the reasons for it and against every other.

Pure: offers are values that somebody observed, `now` and `max_age` are arguments. What must be is `fitting` and
`quotas`; what is best of the rest `ranking`; this is the loop over both.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from manifests.actions.paths import is_complex
from manifests.diagnostics import Diagnostic
from manifests.findings import Findings, nearest
from manifests.model import Manifest, Node
from manifests.offers import Offer, Placement, Refusal
from manifests.planning import fitting
from manifests.planning.expand import MOST_NODES, count, expand, is_abstract
from manifests.planning.fitting import ANY, ENDED, Fit, Rules
from manifests.planning.later import warn
from manifests.planning.networks import lans
from manifests.planning.quotas import Quotas, wants_address
from manifests.planning.ranking import Candidate, Ranks, lost, won
from manifests.reading.outside import inside


@dataclass(frozen=True, slots=True)
class Placed:
    """Placements sorted by node; all nodes have one unless a diagnostic is an error."""

    placements: tuple[Placement, ...]
    diagnostics: tuple[Diagnostic, ...] = ()


def place(manifest: Manifest, offers: Sequence[Offer], *, now: int, max_age: int, providers: Sequence[str]) -> Placed:
    """An offer for each node.

    `now` and `max_age` in microseconds; `providers` are the instances of the settings, in their order. Nodes that name
    more of where they shall be go first, then by their names: what others take is then not what they need, and the
    document's order changes nothing where offers are scarce.
    """
    findings = Findings()
    if (many := count(manifest)) > MOST_NODES:
        summary = f"{manifest.name} has {many} nodes with those of its manifests; {MOST_NODES} are the most"
        findings.add("too-many-nodes", manifest.at, summary, "make several services of it")
        return Placed((), findings.diagnostics())
    manifest = inside(expand(manifest, through=True))
    placer = _Placer(manifest, _ordered(offers, providers), tuple(providers), findings, now=now, max_age=max_age)
    nodes = sorted(manifest.nodes, key=lambda node: (placer.choices(node), node.name))
    placed = sorted((placement for node in nodes if (placement := placer.place(node))), key=lambda each: each.node)
    warn(manifest, placed, placer.chosen, findings)
    return Placed(tuple(placed), findings.diagnostics())


def _ordered(offers: Iterable[Offer], providers: Sequence[str]) -> list[Offer]:
    """By the settings' order, then by zone. An offer of a provider that is no longer in the settings is nobody's."""
    rank = {name: index for index, name in enumerate(providers)}
    return sorted((o for o in offers if o.provider in rank), key=lambda o: (rank[o.provider], o.zone))


class _Placer:
    """Places one node after the other; `chosen` are the offers that some node is placed at, by node."""

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
        self._zone, self._offers, self._providers, self._findings = manifest.zone, offers, providers, findings
        self._unheard = [name for name in providers if name not in {offer.provider for offer in offers}]
        self._rules = Rules(manifest, lans(manifest.nodes), now=now, max_age=max_age)
        self._ranks = Ranks(offers, {name: index for index, name in enumerate(providers)})
        self._quotas = Quotas()
        self._choices: dict[tuple[str | None, ...], int] = {}
        self.chosen: dict[str, Offer] = {}

    def choices(self, node: Node) -> int:
        """How many offers are what the node names."""
        zone = node.zone or self._zone
        key = (node.provider, node.operator, node.profile, zone)
        if key not in self._choices:
            self._choices[key] = sum(not fitting.mismatch(node, zone, offer) for offer in self._offers)
        return self._choices[key]

    def place(self, node: Node) -> Placement | None:
        if not self._deployable(node):
            return None
        self._wishes(node)
        refused: dict[int, str] = {}
        candidates: dict[int, Candidate] = {}
        for index, offer in enumerate(self._offers):
            found = self._consider(node, offer)
            if isinstance(found, Fit):
                candidates[index] = self._ranks.candidate(node, offer, found)
            else:
                refused[index] = found
        if not candidates:
            self._refuse(node, self._refusals(refused))
            return None
        best = min(candidates, key=lambda index: candidates[index].rank)
        chosen = candidates.pop(best)
        refused |= {index: lost(each, chosen, node) for index, each in candidates.items()}
        self._take(node, chosen)
        return _placement(node, chosen, won(chosen, len(candidates)), self._refusals(refused))

    def _consider(self, node: Node, offer: Offer) -> Fit | str:
        """A fit within what is left, or the sentence why not. The best size may be more than what is left where
        another is not."""
        found = self._rules.judge(node, offer, node.zone or self._zone)
        if isinstance(found, str):
            return found
        beyond = self._quotas.beyond(node, offer, found.size)
        if beyond and not offer.flexible:
            within = tuple(size for size in offer.sizes if not self._quotas.beyond(node, offer, size))
            smaller = fitting.fit(node, offer, within)
            return smaller if isinstance(smaller, Fit) else beyond
        return beyond or found

    def _take(self, node: Node, chosen: Candidate) -> None:
        self.chosen[node.name] = chosen.offer
        self._quotas.take(node, chosen.offer, chosen.fit.size)
        self._ranks.take(node, chosen.offer)

    def _refusals(self, refused: dict[int, str]) -> tuple[Refusal, ...]:
        """One for each offer that is not chosen, in the settings' order, and one for each provider without any."""
        known = (Refusal(self._offers[i].provider, self._offers[i].zone, refused[i]) for i in sorted(refused))
        return (*known, *(Refusal(name, "", "has no offers yet") for name in self._unheard))

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

    def _refuse(self, node: Node, refused: Sequence[Refusal]) -> None:
        if not self._is_known(node.provider):
            self._unknown(node)
        elif is_abstract(node) and not any(node.category in offer.categories for offer in self._offers):
            kinds = ", ".join(sorted({kind for offer in self._offers for kind in offer.categories})) or "none"
            summary = f"no provider takes the node {node.name} whole: its category is {node.category!r}"
            self._findings.add("no-provider-kind", node.at, summary, f"there are providers for: {kinds}")
        else:
            reasons = "; ".join(f"{_where(each)} {each.reason}" for each in refused)
            summary = f"no offer fits the node {node.name}: {reasons}"
            self._findings.add("no-offer", node.at, summary, "ask for less, or look at `accords providers`")

    def _is_known(self, named: str) -> bool:
        """Whether the name may be a provider's; one that was not heard of yet may have any driver but an ended one."""
        if not self._providers:
            return False
        driven = any(fitting.is_driver(named, offer.driver) for offer in self._offers)
        there = named in ANY or named in self._providers or driven
        return there or (bool(self._unheard) and named.lower() not in ENDED)

    def _unknown(self, node: Node) -> None:
        named = node.provider
        if named.lower() in ENDED:
            what, instead = ENDED[named.lower()]
            self._findings.add("ended-provider", node.at, f"{node.name} names the provider {named}: {what}", instead)
            return
        hint = nearest(named, self._providers) or "add it to the setting `providers`"
        listed = ", ".join(self._providers) or "none"
        summary = f"no provider for {node.name} is {named!r}; there are: {listed}"
        self._findings.add("no-provider", node.at, summary, hint)


def _where(refusal: Refusal) -> str:
    return f"{refusal.provider}/{refusal.zone}" if refusal.zone else refusal.provider


def _placement(node: Node, chosen: Candidate, why: str, refused: tuple[Refusal, ...]) -> Placement:
    offer, found = chosen.offer, chosen.fit
    return Placement(
        node.name, offer.provider, offer.zone, found.size, found.image, "packages" in offer.abilities, offer.delivery,
        chosen.price, offer.currency, (why, *found.reasons), refused, wants_address(node, offer),
        "devices" in offer.abilities, "keys" in offer.abilities, offer.open,
    )  # fmt: skip
