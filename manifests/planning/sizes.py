"""Which size of machine a node gets: the cheapest, then the smallest, that is enough; ties by name."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal

from manifests.grammar.units import readable
from manifests.model import Node
from manifests.offers import Size
from manifests.planning.images import architecture

DEFAULT_CORES = 1
# What providers.protocol.MachineSpec starts with too.
DEFAULT_MEMORY = 512 * 1024**2
_MOST_NAMED = 5


@dataclass(frozen=True, slots=True)
class Need:
    """What a node asks for; `architecture` None is any. `disk` in bytes, 0 is whatever comes with the size."""

    cores: int = DEFAULT_CORES
    memory: int = DEFAULT_MEMORY
    disk: int = 0
    architecture: str | None = None


def need(node: Node) -> Need:
    """A storage element's own size is the machine's disk; its volumes are disks of their own."""
    infrastructure = node.infrastructure
    compute = infrastructure.compute if infrastructure else None
    storage = infrastructure.storage if infrastructure else None
    system = node.image.system if node.image else None
    return Need(
        cores=(compute.cores if compute else None) or DEFAULT_CORES,
        memory=(compute.memory if compute else None) or DEFAULT_MEMORY,
        disk=(storage.size if storage else None) or 0,
        architecture=architecture(
            (compute.architecture if compute else None) or (system.architecture if system else None)
        ),
    )


@dataclass(frozen=True, slots=True)
class Fit:
    """`size` None: none is enough, and `reason` says so with the numbers."""

    size: Size | None
    reason: str


def fit(wanted: Need, sizes: Sequence[Size], *, flexible: bool) -> Fit:
    """With `flexible` the sizes are upper limits, and the machine gets exactly what it asks for."""
    enough = [size for size in sizes if not _lacks(wanted, size)]
    if not enough:
        return Fit(None, _too_small(wanted, sizes))
    best = min(enough, key=lambda s: (s.price is None, s.price or Decimal(0), s.cores, s.memory, s.disk, s.name or ""))
    if flexible:
        exact = replace(best, name=None, cores=wanted.cores, memory=wanted.memory, disk=wanted.disk)
        return Fit(exact, f"a machine of {_cores(wanted.cores)} and {readable(wanted.memory)}, as asked")
    return Fit(
        best, f"size {best.name} of {_cores(best.cores)} and {readable(best.memory)}: {_others(wanted, best, sizes)}"
    )


def _lacks(wanted: Need, size: Size) -> str:
    """What keeps this size from being enough, with the numbers; empty when nothing does."""
    if size.cores < wanted.cores:
        return f"{_cores(size.cores)} of {wanted.cores}"
    if size.memory < wanted.memory:
        return f"{readable(size.memory)} of {readable(wanted.memory)} memory"
    if size.disk < wanted.disk:
        return f"{readable(size.disk)} of {readable(wanted.disk)} disk"
    if wanted.architecture not in (None, architecture(size.architecture)):
        return f"{size.architecture}, not {wanted.architecture}"
    return ""


def _worse(size: Size, best: Size) -> str:
    return "dearer" if (size.price or 0) > (best.price or 0) else "larger"


def _cores(count: int) -> str:
    return "1 core" if count == 1 else f"{count} cores"


def _too_small(wanted: Need, sizes: Sequence[Size]) -> str:
    asked = f"{_cores(wanted.cores)}, {readable(wanted.memory)} memory, {readable(wanted.disk)} disk"
    if not sizes:
        return "has no sizes at all"
    largest = max(sizes, key=lambda s: (s.cores, s.memory, s.disk))
    return f"has no size with {asked}; {largest.name or 'all of it'}, the largest, has {_lacks(wanted, largest)}"


def _others(wanted: Need, best: Size, sizes: Sequence[Size]) -> str:
    """Why not each of the others."""
    reasons = [
        f"{size.name} ({_lacks(wanted, size) or _worse(size, best)})"
        for size in sorted(sizes, key=lambda s: s.name or "")
        if size is not best
    ]
    more = f" and {len(reasons) - _MOST_NAMED} more" if len(reasons) > _MOST_NAMED else ""
    return "the only one" if not reasons else "not " + ", ".join(reasons[:_MOST_NAMED]) + more
