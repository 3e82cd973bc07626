"""How a plan's steps are called and put in order. Pure, and of no kind of step in particular."""

from __future__ import annotations

from collections.abc import Iterable

from manifests.plan import Step
from manifests.planning import graph


def base(node: str, index: int = 0) -> str:
    """What the ids of a node's steps begin with."""
    return f"{node}.{index}"


def node_of(step_id: str) -> str:
    """The node that a step is of; empty for what belongs to no node (a network, a secret input)."""
    name, _, rest = step_id.partition(".")
    index, dot, _ = rest.partition(".")
    return name if dot and index.isdigit() else ""


def in_names(node: str) -> str:
    """A node as part of the name of a thing at a provider, in an image or a console, where a slash would be a path."""
    return node.replace("/", "--")


def base_of(step_id: str) -> str:
    """The base of the node that a step is of. Names of nodes have no dot, so its steps are `<node>.<index>.<what>`."""
    node, index, _ = step_id.split(".", 2)
    return f"{node}.{index}"


def secret_step(name: str) -> str:
    """The id of the step that knows a secret input."""
    return f"input.{name}.secret"


def is_secret_step(step_id: str) -> bool:
    return step_id.startswith("input.") and step_id.endswith(".secret")


def ordered(steps: Iterable[Step]) -> tuple[Step, ...]:
    """In the order of a listing: each after what it needs, ties by id."""
    by_id = {step.id: step for step in steps}
    return tuple(by_id[name] for name in graph.order({step.id: step.needs for step in by_id.values()}))


def needing(needs: Iterable[str], *more: str) -> tuple[str, ...]:
    """Needs as a step holds them: sorted, each once."""
    return tuple(sorted({*needs, *more}))
