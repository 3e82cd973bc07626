"""Common nodes: each is a service of its own, which the services that use it make, start and stop together (cords.md
1.5). Here: what of a manifest is its common nodes' own, and the step by which a plan has one. Pure.

A common node may be told things by the manifest that holds it; then they are part of its own plan. It is told nothing
of the nodes that use it: the next user has others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from manifests.findings import Findings
from manifests.model import Action, Manifest, Node, Phase, Property, Statement
from manifests.offers import Placement
from manifests.plan import Plan, Step, to_json
from manifests.planning.expand import is_common
from manifests.planning.sources import SHARE, Sources
from manifests.planning.steps import base
from manifests.reading import check

_PHASES = ("configuration", "release", "interface")


def apart(manifest: Manifest, findings: Findings) -> tuple[Manifest, Mapping[str, Manifest]]:
    """The expanded manifest without what is said to its common nodes, and each of those as a manifest of its own."""
    shared = {node.name: node for node in manifest.nodes if is_common(node)}
    if not shared:
        return manifest, {}
    said = {word: _split(getattr(manifest, word), Sources(manifest), shared) for word in _PHASES}
    for node in shared.values():
        _check(node, said, findings)
    own = {name: _own(node, said, manifest) for name, node in shared.items()}
    return _saying(manifest, {word: phases.get("") for word, phases in said.items()}), own


def step(node: Node, own: Manifest, plan: Plan) -> Step:
    """The step that has the common node: `plan` is how the first user makes it. Who finds another `definition` there
    shares what is there, and is told."""
    inputs = {"key": node.common, "name": plan.service, "plan": _text(plan), "definition": _digest(own)}
    return Step(f"{base(node.name)}.{SHARE}", SHARE, f"instance/{node.name}", inputs)


def placements(node: str, found: Sequence[Placement]) -> tuple[Placement, ...]:
    """Those of a common node and what is in it, under the names they have in its own plan. Without the reasons, which
    tell ages of offers: the same place is the same plan."""
    return tuple(
        replace(each, node=_last(node) + each.node.removeprefix(node), reasons=(), refused=())
        for each in found
        if _is_in(node, each.node)
    )


def _split(phase: Phase | None, sources: Sources, shared: Collection[str]) -> dict[str, Phase]:
    """What a phase says, by the common node it says it to; empty for all others."""
    found: dict[str, list[Action]] = {"": []}
    for action in phase.actions if phase else ():
        said: dict[str, list[Statement]] = {}
        for statement in action.statements:
            owner, _ = sources.owner(statement.target)
            said.setdefault(owner if owner in shared else "", []).append(statement)
        for owner, statements in said.items():
            found.setdefault(owner, []).append(replace(action, statements=tuple(statements)))
    return {owner: replace(phase, actions=tuple(actions)) for owner, actions in found.items()} if phase else {}


def _check(node: Node, said: Mapping[str, Mapping[str, Phase]], findings: Findings) -> None:
    hint = "tell its users about it instead: node.configure(common.hostname);"
    for named, statement in _foreign(node, said):
        summary = f"{node.name} is shared, and would be told {named}, which is of one of its users"
        findings.add("shared-target", statement.at, summary, hint)
    for port in check.ports(node):
        if not check.is_cidr(port.source):
            summary = (
                f"{node.name} is shared, and its port {port.name} lets in {port.source}, which is one of its users"
            )
            findings.add("shared-target", port.at, summary, "write a CIDR: the next user's nodes are others")


def _foreign(node: Node, said: Mapping[str, Mapping[str, Phase]]) -> Iterator[tuple[Property, Statement]]:
    """The properties of other nodes that the node is told."""
    for phases in said.values():
        for action in phases[node.name].actions if node.name in phases else ():
            for statement in action.statements:
                for named in statement.arguments if statement.method == "configure" else ():
                    if isinstance(named, Property) and named.literal is None and not _is_in(node.name, named.node):
                        yield named, statement


def _own(node: Node, said: Mapping[str, Mapping[str, Phase]], manifest: Manifest) -> Manifest:
    """A service of the node's name; a private one is told from others by its manifest's name too."""
    alone = replace(node, name=_last(node.name), scope="normal", common="")
    service = node.common.strip("/").replace("/", ".")
    phases = {word: _moved(phases[node.name], node.name) for word, phases in said.items() if node.name in phases}
    return _saying(Manifest(service, (alone,), zone=manifest.zone, key=manifest.key), phases)


def _saying(manifest: Manifest, phases: Mapping[str, Phase | None]) -> Manifest:
    configuration, release, interface = map(phases.get, _PHASES)
    return replace(manifest, configuration=configuration, release=release, interface=interface)


def _moved(phase: Phase, node: str) -> Phase:
    """A phase with the names that nodes have in the common node's own plan."""
    return replace(phase, actions=tuple(_moved_action(action, node) for action in phase.actions))


def _moved_action(action: Action, node: str) -> Action:
    def argument(one: str | Property) -> str | Property:
        return replace(one, node=_last(node) + one.node.removeprefix(node)) if isinstance(one, Property) else one

    statements = (
        replace(
            statement,
            target=_last(node) + statement.target.removeprefix(node),
            arguments=tuple(map(argument, statement.arguments)),
        )
        for statement in action.statements
    )
    return replace(action, statements=tuple(statements))


def _is_in(node: str, name: str) -> bool:
    return name == node or name.startswith(f"{node}/")


def _last(name: str) -> str:
    return name.rpartition("/")[2]


def _digest(own: Manifest) -> str:
    """The same for the same words, wherever they stand: positions are no part of how a manifest is shown."""
    import hashlib  # as below

    return hashlib.sha256(repr(own).encode()).hexdigest()[:16]


def _text(plan: Plan) -> str:
    """The plan as `broker.plans` reads it. Text: its Refs are its own, not of the plan it stands in."""
    found = {
        "operation": plan.operation,
        "service": plan.service,
        "steps": list(map(to_json, plan.steps)),
        "placements": plan.placements,
        "release": list(map(to_json, plan.release)),
        "interface": {name: list(map(to_json, steps)) for name, steps in plan.interface.items()},
    }
    import orjson  # for manifests with common nodes alone

    return orjson.dumps(found, default=str, option=orjson.OPT_SORT_KEYS).decode()
