"""Where a dotted path of the action language leads (cords.md 1.4): `cassandra0.cassandra` is the node `cassandra` of
the manifest that the type of `cassandra0` names, to any depth. Pure.
"""

from __future__ import annotations

from dataclasses import dataclass

from manifests.model import Manifest, Node

SIMPLE, OF_MANIFEST, OUTSIDE = "simple", "manifest", "external"
INPUT = "input"
"""The word before the dot, in `${input.size}` and in `pacs.configure(input.size);`: what a document leaves open
reaches a node as a property does."""


@dataclass(frozen=True, slots=True)
class Lead:
    """`node` is None when the path leads nowhere: `wrong` is then the name that is not in `place`, where there are
    those of `known`. Not `sure`: it goes on inside a manifest that nobody has here, behind `node`."""

    node: Node | None
    sure: bool = True
    wrong: str = ""
    place: str = ""
    known: tuple[str, ...] = ()


def lead(manifest: Manifest, path: str) -> Lead:
    """Follow a path from a manifest's own nodes inwards."""
    here, place = manifest, manifest.name
    node: Node | None = None
    for name in path.split("."):
        if node is not None:
            if is_complex(node) and node.nested is None:
                return Lead(node, sure=False)
            here, place = node.nested or Manifest(node.name), node.name
        node = here.named.get(name)
        if node is None:
            return Lead(None, wrong=name, place=place, known=tuple(here.named))
    return Lead(node)


def is_complex(node: Node) -> bool:
    """Whether a node is a manifest of its own (cords.md 1.5)."""
    return node.type != SIMPLE and node.category == OF_MANIFEST


def simple(node: Node) -> tuple[Node, ...]:
    """From this node inwards to the one that a path to it means: itself, or the only simple one of a complex node's
    manifest. Empty when there are several, or none."""
    chain = [node]
    while is_complex(chain[-1]):
        nested = chain[-1].nested
        nodes = nested.nodes if nested else ()
        chosen = [each for each in nodes if not is_complex(each)] or list(nodes)
        if len(chosen) != 1:
            return ()
        chain.append(chosen[0])
    return tuple(chain)
