"""Which step's result holds a property of a node, and after which step it may be asked for. Pure.

a machine here       `N.0.machine`, once the node is ready; a password has a step of its own, and a public address where
                     it is a thing of its own
an input             `input.NAME.secret`, for a secret one; any other is a literal
common               `N.0.share`; a property of a node inside it is called `inner.hostname`
abstract             `N.0.application`
"""

from __future__ import annotations

from collections.abc import Iterable

from manifests.actions.language import PROPERTIES
from manifests.actions.paths import INPUT
from manifests.model import Manifest
from manifests.offers import Placement
from manifests.plan import Ref
from manifests.planning.expand import is_abstract, is_common
from manifests.planning.steps import base, secret_step

SHARE, APPLICATION, PUBLIC = "share", "application", "public"
PASSWORD = "password"  # noqa: S105 (the name of a property)


class Sources:
    """Of one expanded manifest, whose nodes are placed where `placements` say."""

    def __init__(self, manifest: Manifest, placements: Iterable[Placement] = ()) -> None:
        self._addressed = {each.node for each in placements if each.address}
        self._unusual = {
            node.name: SHARE if is_common(node) else APPLICATION
            for node in manifest.nodes
            if is_common(node) or is_abstract(node)
        }

    def ref(self, node: str, name: str) -> Ref:
        """The property `name` of the node that a path led to, or the secret input of that name."""
        if node == INPUT:
            return Ref(secret_step(name), "value", secret=True)
        owner, inner = self.owner(node)
        if owner in self._unusual:
            return Ref(f"{base(owner)}.{self._unusual[owner]}", ".".join([*inner, name]), secret=name == PASSWORD)
        if name == PASSWORD:
            return Ref(f"{base(owner)}.secret.password", "value", secret=True)
        if name == PUBLIC and owner in self._addressed:
            return Ref(f"{base(owner)}.address", "address")
        return Ref(f"{base(owner)}.machine", PROPERTIES[name])

    def gate(self, node: str) -> str:
        """The step after which everything of that node is as it shall be."""
        owner, _ = self.owner(node)
        return f"{base(owner)}.{self._unusual.get(owner, 'ready')}"

    def owner(self, node: str) -> tuple[str, list[str]]:
        """The node of the manifest, and the names inside it: `accords/publisher` of the common `accords`."""
        names = node.split("/") if self._unusual else [node]
        for depth in range(1, len(names)):
            if (outer := "/".join(names[:depth])) in self._unusual:
                return outer, names[depth:]
        return node, []
