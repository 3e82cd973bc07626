"""A manifest and its placements -> the plan that deploys it. Pure: the same values give the same plan, to the byte.

Ids and shapes are what `broker.verbs` and the journal rely on. Nodes start side by side; a configure step waits until
the node it takes a property from is ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from manifests import check, graph, wiring
from manifests.diagnostics import Diagnostic
from manifests.findings import Findings
from manifests.language import PROPERTIES
from manifests.model import Manifest, Node, Package, Placement, Port
from manifests.plan import Plan, Ref, Step, Value
from manifests.wiring import Command, Told, Wire

DEFAULT_NETWORK = "lan"
_NO_AGENT = "none"
_CARRIED_BY_AGENT = "home"


@dataclass(frozen=True, slots=True)
class Planned:
    """`plan` is None exactly when a diagnostic is an error."""

    plan: Plan | None
    diagnostics: tuple[Diagnostic, ...] = ()


def plan(manifest: Manifest, placements: Sequence[Placement]) -> Planned:
    """The steps that make a manifest run where it was placed. Takes a manifest that `read` gave, so names are known."""
    findings = Findings()
    placed = {placement.node: placement for placement in placements}
    if not _plannable(manifest, placed, findings):
        return Planned(None, findings.diagnostics())
    configuration = wiring.told(manifest, manifest.configuration, findings)
    wiring.check_cycles(configuration, findings)
    _check_hostnames(manifest, placed, findings)
    if findings.refused:
        return Planned(None, findings.diagnostics())
    _warn_of_versions(manifest, findings)
    steps = _networks(manifest, placed)
    passwords = _passwords(configuration)
    for node in manifest.nodes:
        steps += _NodeSteps(node, placed[node.name], configuration[node.name], node.name in passwords).all()
    chosen = tuple(placed[name] for name in sorted(node.name for node in manifest.nodes))
    release = _release(manifest, findings)
    return Planned(Plan("deploy", manifest.name, ordered(steps), chosen, release), findings.diagnostics())


def ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """In the order of a listing: each after what it needs, ties by id."""
    by_id = {step.id: step for step in steps}
    return tuple(by_id[name] for name in graph.order({step.id: step.needs for step in by_id.values()}))


def base(node: str, index: int = 0) -> str:
    """What the ids of a node's steps begin with."""
    return f"{node}.{index}"


def command_step(prefix: str, node: str, command: Command, needs: Iterable[str], *, optional: bool = False) -> Step:
    """An instruction of the document: a script to run or fork, or a process to end."""
    machine = Ref(f"{base(node)}.machine", "id")
    argument = "process" if command.verb == "kill" else "script"
    inputs: dict[str, Value] = {"machine": machine, argument: command.text}
    return Step(prefix, command.verb, node, inputs, needs=_sorted(needs, machine.step), optional=optional)


def _sorted(needs: Iterable[str], *more: str) -> tuple[str, ...]:
    return tuple(sorted({*needs, *more}))


def _plannable(manifest: Manifest, placed: Mapping[str, Placement], findings: Findings) -> bool:
    for node in manifest.nodes:
        if node.name not in placed:
            findings.add("not-placed", node.at, f"the node {node.name} has no placement", "place the manifest first")
    return not findings.refused


def _warn_of_versions(manifest: Manifest, findings: Findings) -> None:
    for node in manifest.nodes:
        for package in check.packages(node):
            if package.version and not package.installation:
                summary = f"{package.name} {package.version} of {node.name}: the distribution's version is installed"
                findings.add("package-version", package.at, summary, "write an installation to get another")


def hostname(node: Node) -> str:
    """The one asked for, or the node's name in the letters a host name may have (RFC 1123)."""
    compute = node.infrastructure.compute if node.infrastructure else None
    if compute and compute.hostname:
        return compute.hostname.lower()
    name = "".join(c if c.isalnum() else "-" for c in node.name.lower())
    return name.strip("-") or "node"


def _network_name(node: Node) -> str:
    network = check.network(node)
    return (network.name if network else "") or DEFAULT_NETWORK


def _check_hostnames(manifest: Manifest, placed: Mapping[str, Placement], findings: Findings) -> None:
    seen: dict[tuple[str, str, str], str] = {}
    for node in manifest.nodes:
        key = (placed[node.name].provider, _network_name(node), hostname(node))
        first = seen.setdefault(key, node.name)
        if first != node.name:
            summary = f"{first} and {node.name} would both be called {key[2]} on the network {key[1]}"
            findings.add("same-hostname", node.at, summary, "give one a hostname in its compute element")


def _networks(manifest: Manifest, placed: Mapping[str, Placement]) -> list[Step]:
    """One for each provider and name; nodes that name the same one share it."""
    labels: dict[tuple[str, str], set[str]] = {}
    for node in manifest.nodes:
        network = check.network(node)
        found = labels.setdefault((placed[node.name].provider, _network_name(node)), set())
        found.update({network.label} if network and network.label else ())
    return [
        Step(
            f"{provider}.{name}",
            "create",
            f"network/{name}",
            {"name": name, "label": min(found, default=None)},
            provider,
        )
        for (provider, name), found in labels.items()
    ]


def _passwords(configuration: Mapping[str, Told]) -> set[str]:
    """Nodes whose secret somebody is told: no other node gets one."""
    wires = (wire for node in configuration.values() for wire in node.wires.values())
    return {wire.source for wire in wires if wire.literal is None and wire.name == "password"}


def _release(manifest: Manifest, findings: Findings) -> tuple[Step, ...]:
    steps: list[Step] = []
    for name, node in sorted(wiring.told(manifest, manifest.release, findings).items()):
        before: tuple[str, ...] = ()
        for index, command in enumerate(node.commands):
            steps.append(command_step(f"{base(name)}.release.{index}", name, command, before, optional=True))
            before = (steps[-1].id,)
    return tuple(steps)


class _NodeSteps:
    """The steps of one node. `_after` is what the next instruction waits for."""

    def __init__(self, node: Node, placement: Placement, told: Told, password: bool) -> None:
        self._node, self._placement, self._told, self._password = node, placement, told, password
        self._base = base(node.name)
        self._machine = Ref(f"{self._base}.machine", "id")
        self._network = Ref(f"{placement.provider}.{_network_name(node)}", "id")
        agent = node.image.agent if node.image else ""
        self._agent = agent != _NO_AGENT and placement.delivery == _CARRIED_BY_AGENT
        self._gate = f"{self._base}.agent" if self._agent else self._machine.step
        self._after = {self._gate}
        self._steps: list[Step] = []

    def all(self) -> list[Step]:
        if self._password:
            self._add("secret.password", "generate", f"secret/{self._node.name}.password", {})
        self._resources()
        if self._agent:
            self._add("agent", "await", f"agent/{self._base}", {"machine": self._machine})
        self._installs()
        self._configures()
        self._scripts()
        self._add("ready", "ready", self._node.name, {"machine": self._machine}, self._after)
        return self._steps

    def _add(
        self,
        what: str,
        verb: str,
        subject: str,
        inputs: Mapping[str, Value],
        needs: Iterable[str] = (),
        *,
        provider: str | None = None,
    ) -> str:
        """Needs always hold the steps that the inputs refer to."""
        direct = [value.step for value in inputs.values() if isinstance(value, Ref)]
        step = Step(f"{self._base}.{what}", verb, subject, inputs, provider, _sorted(needs, *direct))
        self._steps.append(step)
        return step.id

    def _resources(self) -> None:
        """Volumes, firewall, machine."""
        provider = self._placement.provider
        volumes = [
            (
                self._volume(volume.name, volume.size, volume.type, volume.retain),
                volume.mountpoint or f"/srv/{volume.name}",
            )
            for volume in sorted(check.volumes(self._node), key=lambda v: v.name)
        ]
        rules = _rules(check.ports(self._node))
        inputs: dict[str, Value] = {"name": self._node.name, "network": self._network, "rules": rules}
        made = self._add("firewall", "create", f"firewall/{self._base}", inputs, provider=provider)
        machine = self._machine_inputs(Ref(made, "id"), volumes)
        needs = [step for step, _ in volumes]
        self._add("machine", "create", f"machine/{self._base}", machine, needs, provider=provider)

    def _volume(self, name: str, size: int, type_: str | None, retain: bool) -> str:
        inputs: dict[str, Value] = {"name": name, "size": size, "type": type_, "retain": retain}
        return self._add(
            f"volume.{name}", "create", f"volume/{self._base}.{name}", inputs, provider=self._placement.provider
        )

    def _machine_inputs(self, firewall: Ref, volumes: Sequence[tuple[str, str]]) -> dict[str, Value]:
        size = self._placement.size
        return {
            "name": self._node.name,
            "hostname": hostname(self._node),
            "image": self._placement.image.id,
            "size": size.name,
            "cores": size.cores,
            "memory": size.memory,
            "disk": size.disk,
            "network": self._network,
            "firewall": firewall,
            "volumes": tuple({"volume": Ref(step, "id"), "mountpoint": at} for step, at in volumes),
            "packages": tuple(p.name for p in check.packages(self._node) if self._in_layer(p)),
            "public": self._node.access == "public",
            "agent": self._agent,
        }

    def _in_layer(self, package: Package) -> bool:
        return self._placement.packages and not package.installation

    def _installs(self) -> None:
        for package in check.packages(self._node):
            if self._in_layer(package):
                continue
            what: dict[str, Value] = (
                {"script": package.installation} if package.installation else {"packages": (package.name,)}
            )
            self._instruct(f"install.{package.name}", "install", f"package/{self._base}.{package.name}", what)

    def _configures(self) -> None:
        """Side by side: each waits for its source alone. What comes next waits for all of them."""
        made = [self._configure(wire) for wire in self._told.wires.values()]
        if made:
            self._after = (self._after - {self._gate}) | set(made)

    def _configure(self, wire: Wire) -> str:
        needs = {self._gate}
        if wire.literal is None and wire.source != self._node.name:
            needs.add(f"{base(wire.source)}.ready")
        value = wire.literal if wire.literal is not None else _property(wire)
        inputs: dict[str, Value] = {"machine": self._machine, "symbol": wire.symbol, "value": value}
        return self._add(f"configure.{wire.source}.{wire.name}", "configure", self._node.name, inputs, needs)

    def _scripts(self) -> None:
        for package in check.packages(self._node):
            if package.configuration:
                subject = f"package/{self._base}.{package.name}"
                self._instruct(f"setup.{package.name}", "run", subject, {"script": package.configuration})
        for index, command in enumerate(self._told.commands):
            step = command_step(f"{self._base}.run.{index}", self._node.name, command, self._after)
            self._steps.append(step)
            self._after = {step.id}

    def _instruct(self, what: str, verb: str, subject: str, inputs: Mapping[str, Value]) -> None:
        """One after the other."""
        self._after = {self._add(what, verb, subject, {"machine": self._machine, **inputs}, self._after)}


def _property(wire: Wire) -> Ref:
    if wire.name == "password":
        return Ref(f"{base(wire.source)}.secret.password", "value", secret=True)
    return Ref(f"{base(wire.source)}.machine", PROPERTIES[wire.name])


def _rules(ports: Iterable[Port]) -> tuple[Mapping[str, Value], ...]:
    """What may come in: sorted, each once. A port without numbers is all of them, with one end just that one."""
    found = set()
    for port in ports:
        if port.direction in ("in", "inout"):
            first = port.from_port or port.to_port
            source = port.source if check.is_cidr(port.source) else f"node:{port.source}"
            found.add((port.protocol, first, port.to_port or first, source))
    return tuple({"protocol": p, "from": a, "to": b, "source": source} for p, a, b, source in sorted(found))
