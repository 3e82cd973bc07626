"""A manifest whose nodes are manifests -> one manifest of simple nodes, called `outer/inner` (cords.md 1.5). Pure.

No name in a document holds a slash: it is only here. A node inherits provider, operator, zone, profile and hints of the
complex node it is in where it says none itself. What the inner manifest's phases say comes before what the outer one's
say, and is said of the inner nodes; what arrives in a node is called as the manifest that passes it writes it.

A common node stays one node, because it is a service of its own (`manifests.sharing`); with `through`, which placing
needs, it is taken apart as well. Manifests nest without cycles, which reading has seen to.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from manifests.actions.methods import called, methods
from manifests.actions.paths import OF_MANIFEST, SIMPLE, is_complex, simple
from manifests.model import Action, Manifest, Node, Phase, Property, Statement
from manifests.planning.ports import letting_in

MOST_NODES = 100_000
"""Nodes that an expanded manifest may have: ten manifests of ten nodes each that nest each other are ten thousand
million."""

_COMMON = "common"


def expand(manifest: Manifest, *, through: bool = False) -> Manifest:
    """The manifest without complex nodes. One that has none, and nothing common, is itself. Expanding twice is
    expanding once."""
    if all(_is_plain(node) for node in manifest.nodes):
        return manifest
    return _flat(_Level(manifest, through))


def count(manifest: Manifest) -> int:
    """How many nodes it has when it is expanded, without expanding it."""
    known: dict[int, int] = {}

    def of(one: Manifest) -> int:
        if id(one) not in known:
            known[id(one)] = sum(of(node.nested) if node.nested else 1 for node in one.nodes)
        return known[id(one)]

    return of(manifest)


def is_common(node: Node) -> bool:
    """Whether a node is shared with other services (cords.md 1.5)."""
    return node.scope == _COMMON


def is_abstract(node: Node) -> bool:
    """Whether a node is handed whole to a provider that takes its category (cords.md 1.5)."""
    return node.category != OF_MANIFEST


def _is_plain(node: Node) -> bool:
    return not is_common(node) and (is_abstract(node) or node.type == SIMPLE)


class _Level:
    """One manifest of the tree: its nodes by name, `prefix` what its nodes' names begin with, and the levels below."""

    def __init__(self, manifest: Manifest, through: bool, prefix: str = "", outer: Node | None = None) -> None:
        self.manifest, self.through, self.prefix = manifest, through, prefix
        self.nodes = {node.name: _inherited(_grouped(node, prefix), manifest, outer) for node in manifest.nodes}
        self.below: dict[str, _Level] = {}
        for name, node in self.nodes.items():
            if is_complex(node) and node.nested and (through or not is_common(node)):
                self.below[name] = _Level(node.nested, through, f"{prefix}{name}/", node)

    def find(self, path: str) -> str:
        """The node of the expanded manifest that a path leads to from here; inside a common node the path in it comes
        after its name. Empty when it leads nowhere, or to a complex node of several."""
        first, _, rest = path.partition(".")
        node = self.nodes.get(first)
        if node is None:
            return ""
        if rest and first in self.below:
            return self.below[first].find(rest)
        names = _inside(node, rest)
        return "" if names is None else self.prefix + "/".join([first, *names])


@dataclass(slots=True)
class _Flat:
    nodes: list[Node]
    configuration: list[Action]
    release: list[Action]
    interface: list[Action]


def _flat(level: _Level) -> Manifest:
    whole, found = level.manifest, _Flat([], [], [], [])
    _collect(level, found)
    return replace(
        whole,
        nodes=tuple(found.nodes),
        configuration=_phase(whole.configuration, found.configuration),
        release=_phase(whole.release, found.release),
        interface=_phase(whole.interface, found.interface),
        outputs=tuple(replace(each, value=_led(each.value, level)) for each in whole.outputs),
    )


def _collect(level: _Level, found: _Flat) -> None:
    """Inner nodes and statements first. Methods of inner manifests can be asked for as `outer.method`."""
    for name, node in level.nodes.items():
        if name in level.below:
            _collect(level.below[name], found)
        else:
            found.nodes.append(_named(node, level))
    found.configuration += _actions(level, level.manifest.configuration)
    found.release += _actions(level, level.manifest.release)
    dotted = level.prefix.replace("/", ".")
    for name, statements in methods(level.manifest).items():
        said = tuple(_moved(one, level) for each in statements for one in called(level.manifest, each))
        found.interface.append(Action(dotted + name, "cordscript", "", said))


def _phase(written: Phase | None, actions: Iterable[Action]) -> Phase | None:
    found = tuple(actions)
    return replace(written or Phase(""), actions=found) if found or written else None


def _actions(level: _Level, phase: Phase | None) -> Iterator[Action]:
    for action in phase.actions if phase else ():
        said = (one for each in action.statements for one in called(level.manifest, each))
        yield replace(action, statements=tuple(_moved(each, level) for each in said))


def _moved(statement: Statement, level: _Level) -> Statement:
    """The statement with the nodes that its paths lead to."""
    spoken = f"{statement.within}." if statement.within else ""
    arguments = tuple(_found(each, level, spoken) for each in statement.arguments)
    target = statement.target if "/" in statement.target else level.find(statement.target)
    return replace(statement, target=target, arguments=arguments)


def _found(argument: str | Property, level: _Level, spoken: str) -> str | Property:
    return argument if isinstance(argument, str) else _led(argument, level, spoken)


def _led(named: Property, level: _Level, spoken: str = "") -> Property:
    """The property with the node that its path leads to; as scripts name it where it was `spoken`."""
    if named.node:
        return named
    node = level.find(named.path) if named.literal is None else ""
    return replace(named, path=named.path.removeprefix(spoken), node=node)


def _inside(node: Node, rest: str) -> list[str] | None:
    """The names below a node: those of the path, then those to the only simple node that is meant; None when it leads
    nowhere."""
    names = rest.split(".") if rest else []
    for name in names:
        inner = {each.name: each for each in node.nested.nodes} if node.nested else {}
        if name not in inner:
            return None
        node = inner[name]
    chain = simple(node)
    return [*names, *(each.name for each in chain[1:])] if chain else None


def _inherited(node: Node, manifest: Manifest, outer: Node | None) -> Node:
    """What the complex node says of where its nodes shall be, for those that do not say it themselves."""
    if outer is None:
        return node
    return replace(
        node,
        provider=_said(node.provider, outer.provider),
        operator=_said(node.operator, outer.operator),
        profile=node.profile or outer.profile,
        zone=node.zone or outer.zone or manifest.zone,
        key=node.key or outer.key or manifest.key,
        apart=node.apart or outer.apart,
        together=node.together or outer.together,
    )


def _grouped(node: Node, prefix: str) -> Node:
    """With its hints' groups as names of the expanded manifest: those of one inner manifest are its own."""
    if not prefix or not (node.apart or node.together):
        return node
    apart, together = (prefix + group if group else None for group in (node.apart, node.together))
    return replace(node, apart=apart, together=together)


def _said(own: str, outer: str) -> str:
    return outer if own in ("any", "") else own


def _named(node: Node, level: _Level) -> Node:
    """The node under its name in the expanded manifest; ports that let in a node by its name with that one's."""
    common = node.common
    if is_common(node) and not common:
        common = f"/{node.name}" if node.access == "public" else f"{level.manifest.name}/{node.name}"
    moved = replace(node, name=level.prefix + node.name, common=common)
    return letting_in(moved, lambda source: level.find(source) or source) if level.prefix or level.below else moved
