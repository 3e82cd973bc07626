"""The steps that make one node: its volumes, firewall, machine and public address, its agent, and what the machine is
then told: to mount its volumes first, where its provider does not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from manifests.model import Node, Package, Port
from manifests.offers import Placement
from manifests.plan import Ref, Step, Value
from manifests.planning.instructions import instruction
from manifests.planning.networks import fixed, network_name
from manifests.planning.sources import Sources
from manifests.planning.steps import base, needing
from manifests.planning.wiring import Told, Wire
from manifests.reading import check

_NO_AGENT = "none"
_CARRIED_BY_AGENT = "home"
_LONGEST_HOSTNAME = 63  # RFC 1035, 2.3.4


def hostname(node: Node) -> str:
    """The one asked for, or the node's name in the letters a host name may have (RFC 1123)."""
    compute = node.infrastructure.compute if node.infrastructure else None
    if compute and compute.hostname:
        return compute.hostname.lower()
    name = "".join(c if c.isalnum() else "-" for c in node.name.lower()).strip("-") or "node"
    if len(name) <= _LONGEST_HOSTNAME:
        return name
    import hashlib  # for names longer than real ones alone

    told_apart = hashlib.sha256(node.name.encode()).hexdigest()[:8]
    return f"{name[: _LONGEST_HOSTNAME - 9].rstrip('-')}-{told_apart}"


class NodeSteps:
    """The steps of one node. `access` is what its machine is told of its SSH key. `_after` is what the next instruction
    waits for."""

    def __init__(
        self,
        node: Node,
        placement: Placement,
        told: Told,
        sources: Sources,
        *,
        password: bool,
        access: Mapping[str, Value],
    ) -> None:
        self._node, self._placement, self._told, self._password = node, placement, told, password
        self._access = access
        self._sources = sources
        self._base = base(node.name)
        self._machine = Ref(f"{self._base}.machine", "id")
        self._network = Ref(f"{placement.provider}.{network_name(node)}", "id")
        agent = node.image.agent if node.image else ""
        self._agent = agent != _NO_AGENT and placement.delivery == _CARRIED_BY_AGENT
        self._gate = f"{self._base}.agent" if self._agent else self._machine.step
        self._after = {self._gate}
        self._address = ""
        self._steps: list[Step] = []

    def all(self) -> list[Step]:
        if self._password:
            self._add("secret.password", "generate", f"secret/{self._node.name}.password", {})
        volumes = self._volumes()
        self._resources(volumes)
        if self._agent:
            self._add("agent", "await", f"agent/{self._base}", {"machine": self._machine})
            self._mounts(volumes if self._placement.devices else ())
        self._installs()
        self._configures()
        self._scripts()
        self._watches()
        whole = {*self._after, *({self._address} if self._address else ())}
        self._add("ready", "ready", self._node.name, {"machine": self._machine}, whole)
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
        step = Step(f"{self._base}.{what}", verb, subject, inputs, provider, needing(needs, *direct))
        self._steps.append(step)
        return step.id

    def _volumes(self) -> list[tuple[str, str]]:
        """The step that makes each, and where the node has it."""
        return [
            (
                self._volume(volume.name, volume.size, volume.type, volume.retain),
                volume.mountpoint or f"/srv/{volume.name}",
            )
            for volume in sorted(check.volumes(self._node), key=lambda v: v.name)
        ]

    def _resources(self, volumes: Sequence[tuple[str, str]]) -> None:
        """Firewall, machine, address."""
        provider = self._placement.provider
        closed: dict[str, Value] = {} if self._placement.open else {"firewall": Ref(self._firewall(), "id")}
        machine = self._machine_inputs(closed, volumes)
        needs = [step for step, _ in volumes]
        self._add("machine", "create", f"machine/{self._base}", machine, needs, provider=provider)
        if self._placement.address:
            of: dict[str, Value] = {"name": self._node.name, "machine": self._machine}
            self._address = self._add("address", "create", f"address/{self._base}", of, provider=provider)

    def _firewall(self) -> str:
        rules = _rules(check.ports(self._node))
        inputs: dict[str, Value] = {"name": self._node.name, "network": self._network, "rules": rules}
        return self._add("firewall", "create", f"firewall/{self._base}", inputs, provider=self._placement.provider)

    def _volume(self, name: str, size: int, type_: str | None, retain: bool) -> str:
        inputs: dict[str, Value] = {"name": name, "size": size, "type": type_, "retain": retain}
        return self._add(
            f"volume.{name}", "create", f"volume/{self._base}.{name}", inputs, provider=self._placement.provider
        )

    def _machine_inputs(self, closed: Mapping[str, Value], volumes: Sequence[tuple[str, str]]) -> dict[str, Value]:
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
            **closed,
            "volumes": tuple({"volume": Ref(step, "id"), "mountpoint": at} for step, at in volumes),
            "packages": tuple(p.name for p in check.packages(self._node) if self._in_layer(p)),
            "public": self._node.access == "public" and not self._placement.address,
            "agent": self._agent,
            "zone": self._placement.zone,
            **({"addresses": (own,)} if (own := fixed(self._node)) else {}),
            **self._access,
        }

    def _in_layer(self, package: Package) -> bool:
        return self._placement.packages and not package.installation

    def _mounts(self, volumes: Sequence[tuple[str, str]]) -> None:
        """Those that are in others' folders come after them."""
        seen_as = Ref(self._machine.step, "devices")
        for step, at in sorted(volumes, key=lambda each: each[1].split("/")):
            name = step.removeprefix(f"{self._base}.volume.")
            what: dict[str, Value] = {"volume": Ref(step, "id"), "devices": seen_as, "mountpoint": at}
            self._instruct(f"mount.{name}", "mount", f"mount/{self._base}.{name}", what)

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
        if wire.awaits:
            needs.add(self._sources.gate(wire.source))
        return self._tell(instruction(f"{self._base}.configure.{wire.spoken}.{wire.name}", wire, self._sources, needs))

    def _scripts(self) -> None:
        for package in check.packages(self._node):
            if package.configuration:
                subject = f"package/{self._base}.{package.name}"
                self._instruct(f"setup.{package.name}", "run", subject, {"script": package.configuration})
        for index, command in enumerate(self._told.commands):
            self._after = {self._tell(instruction(f"{self._base}.run.{index}", command, self._sources, self._after))}

    def _watches(self) -> None:
        """Last, and nobody waits for them: a node is ready whether it is measured or not."""
        for what, watch in self._told.watches.items():
            self._tell(instruction(f"{self._base}.monitor.{what}", watch, self._sources, self._after))

    def _tell(self, step: Step) -> str:
        self._steps.append(step)
        return step.id

    def _instruct(self, what: str, verb: str, subject: str, inputs: Mapping[str, Value]) -> None:
        """One after the other."""
        self._after = {self._add(what, verb, subject, {"machine": self._machine, **inputs}, self._after)}


def _rules(ports: Iterable[Port]) -> tuple[Mapping[str, Value], ...]:
    """What may come in: sorted, each once. A port without numbers is all of them, with one end just that one."""
    found = set()
    for port in ports:
        if port.direction in ("in", "inout"):
            first = port.from_port or port.to_port
            source = port.source if check.is_cidr(port.source) else f"node:{port.source}"
            found.add((port.protocol, first, port.to_port or first, source))
    return tuple({"protocol": p, "from": a, "to": b, "source": source} for p, a, b, source in sorted(found))
