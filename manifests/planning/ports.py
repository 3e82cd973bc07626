"""The ports of a node with others let in than are written: nodes that are called otherwise, or are outside. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

from manifests.model import Image, Infrastructure, Node, Port
from manifests.reading import check

Source = Callable[[str], str]


def letting_in(node: Node, source: Source) -> Node:
    """The node with `source` of what each of its ports lets in: those of its network, endpoints and packages."""
    if all(source(port.source) == port.source for port in check.ports(node)):
        return node
    below, image = node.infrastructure, node.image
    return replace(
        node,
        infrastructure=_infrastructure(below, source) if below else None,
        image=_image(image, source) if image else None,
    )


def _infrastructure(found: Infrastructure, source: Source) -> Infrastructure:
    network = found.network
    if network is None:
        return found
    endpoints = tuple(replace(each, ports=_ports(each.ports, source)) for each in network.endpoints)
    return replace(found, network=replace(network, ports=_ports(network.ports, source), endpoints=endpoints))


def _image(found: Image, source: Source) -> Image:
    return replace(found, packages=tuple(replace(each, ports=_ports(each.ports, source)) for each in found.packages))


def _ports(ports: Iterable[Port], source: Source) -> tuple[Port, ...]:
    return tuple(replace(port, source=source(port.source)) for port in ports)
