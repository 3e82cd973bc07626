"""What is left of a provider, counted down across the nodes of one manifest. Pure.

A quota is an account's, whichever zone it is used in: what a node takes in one zone is gone in all of that provider.
Amounts have the words and units of `Offer.left`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping

from manifests.grammar.units import readable
from manifests.model import Node
from manifests.offers import Offer, Size
from manifests.plan import Plan
from manifests.planning.expand import is_abstract
from manifests.planning.networks import network_name
from manifests.reading import check

Amounts = Mapping[str, int]

BYTES = frozenset({"memory", "storage"})


def wants_address(node: Node, offer: Offer) -> bool:
    """Whether the node takes a public address that is a thing of its own at this provider."""
    return node.access == "public" and "addresses" in offer.abilities


class Quotas:
    """What the nodes placed so far took of each provider."""

    def __init__(self) -> None:
        self._taken: dict[str, Counter[str]] = {}
        self._networks: set[tuple[str, str]] = set()

    def beyond(self, node: Node, offer: Offer, size: Size) -> str:
        """Why a machine of this size is more than what is left, with the numbers; empty when it fits."""
        if not offer.left:
            return ""
        return exceeded(self._amounts(node, offer, size), self._taken.get(offer.provider, {}), offer.left)

    def take(self, node: Node, offer: Offer, size: Size) -> None:
        self._taken.setdefault(offer.provider, Counter()).update(self._amounts(node, offer, size))
        self._networks.add((offer.provider, network_name(node)))

    def _amounts(self, node: Node, offer: Offer, size: Size) -> Amounts:
        """Only what is more than nothing; an application is the provider's own affair."""
        if is_abstract(node):
            return {}
        volumes = check.volumes(node)
        found = {
            "machines": 1,
            "cores": size.cores,
            "memory": size.memory,
            "volumes": len(volumes),
            "storage": sum(volume.size for volume in volumes),
            "addresses": int(wants_address(node, offer)),
            "networks": int((offer.provider, network_name(node)) not in self._networks),
        }
        return {what: amount for what, amount in found.items() if amount}


def exceeded(amounts: Amounts, taken: Amounts, left: Amounts) -> str:
    """The first amount that is more than what is left beside what is taken; empty when none is."""
    for what, amount in amounts.items():
        most, gone = left.get(what), taken.get(what, 0)
        if most is not None and amount + gone > most:
            took = f", and this manifest already took {_said(what, gone)}" if gone else ""
            return f"has room for {_said(what, most)} {what}{took}; {_said(what, amount)} more would be too much"
    return ""


def _said(what: str, amount: int) -> str:
    return readable(amount) if what in BYTES else str(amount)


def demand(plan: Plan) -> Mapping[str, Amounts]:
    """Provider -> what the plan's steps would make there."""
    found: dict[str, Counter[str]] = {}
    for step in plan.steps:
        kind = step.subject.partition("/")[0]
        if step.verb == "create" and step.provider is not None and kind in _MADE:
            found.setdefault(step.provider, Counter()).update(dict(_MADE[kind](step.inputs)))
    return found


def _number(inputs: Mapping[str, object], name: str) -> int:
    value = inputs.get(name)
    return value if isinstance(value, int) else 0


def _machine(inputs: Mapping[str, object]) -> Iterable[tuple[str, int]]:
    return (("machines", 1), ("cores", _number(inputs, "cores")), ("memory", _number(inputs, "memory")))


_MADE: Mapping[str, Callable[[Mapping[str, object]], Iterable[tuple[str, int]]]] = {
    "machine": _machine,
    "volume": lambda inputs: (("volumes", 1), ("storage", _number(inputs, "size"))),
    "address": lambda _: (("addresses", 1),),
    "network": lambda _: (("networks", 1),),
}
