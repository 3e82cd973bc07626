"""What a node is told, as steps: values, scripts, processes to end, metrics; and the phases made of nothing else.

`configure`, `run`, `fork`, `kill` and `monitor` are the verbs. Release and interface hold instructions only: they are
kept beside a plan's steps, until a service is given back or somebody calls a method.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace

from manifests.actions.methods import methods, script
from manifests.findings import Findings
from manifests.model import Manifest, Statement
from manifests.plan import Ref, Step, Value
from manifests.planning import wiring
from manifests.planning.sources import Sources
from manifests.planning.steps import base, needing
from manifests.planning.wiring import Command, Watch, Wire


def instruction(
    id: str, said: Wire | Command | Watch, sources: Sources, needs: Iterable[str], *, optional: bool = False
) -> Step:
    """The step of that id that tells a node one thing."""
    machine = Ref(f"{base(said.target)}.machine", "id")
    inputs: dict[str, Value] = {"machine": machine, **_arguments(said, sources)}
    direct = [value.step for value in inputs.values() if isinstance(value, Ref)]
    return Step(id, _verb(said), said.target, inputs, needs=needing(needs, *direct), optional=optional)


def release(manifest: Manifest, sources: Sources, findings: Findings) -> tuple[Step, ...]:
    """The instructions of the release phase: a node's one after the other; one that fails holds nobody up."""
    steps: list[Step] = []
    for name, node in sorted(wiring.told(manifest, manifest.release, findings).items()):
        before: tuple[str, ...] = ()
        for index, command in enumerate(node.commands):
            steps.append(instruction(f"{base(name)}.release.{index}", command, sources, before, optional=True))
            before = (steps[-1].id,)
    return tuple(steps)


def interface(manifest: Manifest, sources: Sources) -> Mapping[str, tuple[Step, ...]]:
    """Method -> what it does, one statement after the other, as written: a method is a script, not a wish."""
    return {name: _method(name, statements, sources) for name, statements in sorted(methods(manifest).items())}


def with_arguments(step: Step, arguments: Sequence[str]) -> Step:
    """A script that finds these as `$1`, `$2`...; every other instruction as it is."""
    text = step.inputs.get("script")
    return replace(step, inputs={**step.inputs, "script": script(text, arguments)}) if isinstance(text, str) else step


def _method(name: str, statements: Iterable[Statement], sources: Sources) -> tuple[Step, ...]:
    steps: list[Step] = []
    for index, one in enumerate(one for statement in statements for one in wiring.said(statement)):
        before = [steps[-1].id] if steps else []
        steps.append(instruction(f"{base(one.target)}.invoke.{name}.{index}", one, sources, before))
    return tuple(steps)


def _verb(said: Wire | Command | Watch) -> str:
    match said:
        case Wire():
            return "configure"
        case Command():
            return said.verb
        case Watch():
            return "monitor"


def _arguments(said: Wire | Command | Watch, sources: Sources) -> Mapping[str, Value]:
    match said:
        case Wire():
            known = said.literal is not None
            return {"symbol": said.symbol, "value": said.literal if known else sources.ref(said.source, said.name)}
        case Command():
            return {"process" if said.verb == "kill" else "script": said.text}
        case Watch():
            return {"metric": said.metric, "location": said.location}
