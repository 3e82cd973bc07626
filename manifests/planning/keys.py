"""SSH keys by name: a node's own, or its manifest's. Pure: the account's keys are an argument, name -> public key.

Where a provider knows keys by name the plan makes one there, for all its nodes that name it, and gives it back with the
service; elsewhere the public key goes with the machine's user-data.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from manifests.findings import Findings, nearest
from manifests.model import Manifest, Node
from manifests.offers import Placement
from manifests.plan import Ref, Step, Value
from manifests.planning.expand import expand

Keys = Mapping[str, str]


def of(node: Node, manifest: Manifest) -> str:
    """The name of the node's key; empty where it has none."""
    return node.key or manifest.key or ""


def named(manifest: Manifest) -> frozenset[str]:
    """The keys that nodes of a manifest name, those of its inner manifests too."""
    whole = expand(manifest, through=True)
    return frozenset(name for node in whole.nodes if (name := of(node, whole)))


def check(nodes: Iterable[Node], manifest: Manifest, keys: Keys, findings: Findings) -> None:
    """A diagnostic for each node whose key the account does not have."""
    for node in nodes:
        name = of(node, manifest)
        if name and name not in keys:
            at = node.at if node.key else manifest.at
            hint = nearest(name, sorted(keys)) or f"accords keys add {name} FILE"
            findings.add("no-key", at, f"{node.name} names the SSH key {name}, which the account does not have", hint)


def steps(nodes: Iterable[Node], manifest: Manifest, placed: Mapping[str, Placement], keys: Keys) -> list[Step]:
    """One for each provider that knows keys, and name."""
    wanted = {(placed[node.name].provider, of(node, manifest)) for node in nodes if placed[node.name].keys}
    return [
        Step(_step(provider, name), "create", f"key/{name}", {"name": name, "public_key": keys[name]}, provider)
        for provider, name in sorted(wanted)
        if name
    ]


def inputs(node: Node, manifest: Manifest, placement: Placement, keys: Keys) -> dict[str, Value]:
    """What the machine's step is told of it."""
    name = of(node, manifest)
    if not name:
        return {}
    return {"ssh_key": Ref(_step(placement.provider, name), "id")} if placement.keys else {"ssh_keys": (keys[name],)}


def _step(provider: str, name: str) -> str:
    return f"{provider}.key.{name}"
