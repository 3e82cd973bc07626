"""What happens inside nodes: waiting for the agent, and instructions. A node fetches them itself (delivery `home`) or
its provider carries them (delivery `direct`); either way an instruction's token is its identity, so that what is asked
twice is done once. The token is the step's; a retry gives the instruction another, because what failed shall be done
again, and a retry that is taken up after a crash has the same.
"""

from __future__ import annotations

import base64
import hashlib
import uuid
from collections.abc import Mapping

from broker.execute.outcomes import Done, Failed, Outcome, Waiting
from broker.store import agents, instructions, logs, secrets
from broker.verbs.job import Call
from providers.protocol import Instruction, Kind, State

LOOK_AGAIN = 0.1
"""Seconds between two looks for an answer that a node gives: one indexed read."""
OUTPUT_KEPT = 2000
"""Characters of an instruction's output, from its end, that a result keeps."""

_NEXT: Mapping[str, str] = {"invoke": "invoke the method again"}
"""What can be done about a script that failed, by the operation it is of."""

NEW = ("deploy", "retry")
"""Operations that wait for agents' first call home."""

ARGUMENTS: Mapping[str, tuple[str, ...]] = {
    "install": ("packages", "script"),
    "configure": ("symbol", "value"),
    "run": ("script",),
    "fork": ("script",),
    "kill": ("process",),
}
"""Which inputs of a step are the instruction's arguments."""


def instruct(call: Call) -> Outcome:
    """Give the instruction to whoever carries it. A node that does not run is told nothing when it is given back, or
    when a method is called that had to wait for a stop."""
    if call.job.kind in ("invoke", "release") and not _runs(call):
        return Failed(_asleep(call))
    if _direct(call):
        return _carried(call)
    return tell(call, call.step.verb, arguments_of(call))


def tell(call: Call, method: str, arguments: Mapping[str, object]) -> Outcome:
    """Leave it for the node's agent."""
    with call.tools.store.write() as tx:
        owner = (call.job.account, call.job.service, call.node)
        instructions.add(tx, *owner, id=instruction_id(token_of(call)), method=method, arguments=arguments)
    return Waiting({}, LOOK_AGAIN)


def instructed(call: Call) -> Outcome:
    """Look whether the node has answered."""
    if _direct(call):
        return _carried(call)
    with call.tools.store.read() as tx:
        found = instructions.get(tx, call.job.account, instruction_id(token_of(call)))
    return Waiting({}, LOOK_AGAIN) if found.exit is None else _ended(call, found.exit, found.output)


def token_of(call: Call) -> str:
    """What the instruction of a step is known by, in this operation."""
    if not call.job.retry:
        return call.token
    again = hashlib.sha256(f"{call.token}\0{call.job.retry}".encode())
    return base64.b32encode(again.digest())[:26].decode().lower()


def instruction_id(token: str) -> str:
    return str(uuid.uuid5(uuid.NAMESPACE_OID, token))


def arguments_of(call: Call) -> dict[str, object]:
    return {name: call.inputs[name] for name in ARGUMENTS[call.step.verb] if call.inputs.get(name) is not None}


def _direct(call: Call) -> bool:
    placed = call.job.placements.get(call.node)
    return placed is not None and placed.delivery == "direct"


def _runs(call: Call) -> bool:
    placed = call.job.placements.get(call.node)
    provider = call.tools.provider(placed.provider if placed else None)
    return provider.observe(Kind.MACHINE, str(call.inputs["machine"]), deadline=call.deadline).state is State.ACTIVE


def _asleep(call: Call) -> dict[str, object]:
    hint = "start the service first" if call.job.kind == "invoke" else ""
    return {"code": "step.state", "message": f"{call.node} does not run: {call.step.verb} is left out", "hint": hint}


def _carried(call: Call) -> Outcome:
    """Through the provider of the node. Only here does the worker read a secret: it goes straight to the node."""
    placed = call.job.placements.get(call.node)
    provider = call.tools.provider(placed.provider if placed else None)
    arguments = {key: _revealed(call, value) for key, value in arguments_of(call).items()}
    machine, instruction = str(call.inputs["machine"]), Instruction(call.step.verb, arguments)
    answer = provider.instruct(machine, instruction, token=token_of(call), deadline=call.deadline)
    if answer is None:
        return Waiting({}, LOOK_AGAIN)
    if answer.output:  # an agent sends it while the script runs
        with call.tools.store.write(durable=False) as tx:
            line = (instruction_id(token_of(call)), answer.output)
            logs.append(tx, call.job.account, call.job.service, call.node, [line])
    return _ended(call, answer.exit, answer.output)


def _revealed(call: Call, value: object) -> object:
    if not (isinstance(value, str) and value.startswith(secrets.PREFIX)):
        return value
    with call.tools.store.read() as tx:
        return secrets.reveal(tx, call.job.account, call.job.service, value)


def _ended(call: Call, status: int, output: str) -> Outcome:
    """An exit status of 0 is success; the end of the output says what went wrong otherwise."""
    kept = output[-OUTPUT_KEPT:]
    if status == 0:
        return Done({"exit": 0, "output": kept})
    error = {
        "code": "step.exit",
        "message": f"{call.step.verb} on {call.node} ended with exit status {status}",
        "exit": status,
        "output": kept,
        "hint": f"mend what the output names, then {_NEXT.get(call.job.kind, 'retry the step or release the service')}",
    }
    return Failed(error, retryable=False)


def await_agent(call: Call) -> Outcome:
    """Done when the node's agent speaks: calls home, from a new machine; answers, from one that was started again."""
    if call.job.kind not in NEW:
        return _answer(call)
    with call.tools.store.read() as tx:
        seen = agents.get(tx, call.job.account, call.job.service, call.node).seen
    return Waiting({}, LOOK_AGAIN) if seen is None else Done({"seen": seen})


def _answer(call: Call) -> Outcome:
    """Ask the agent to do nothing, and wait until it has. An agent that slept in the middle of a fetch goes on waiting
    for its end, for many seconds; an instruction ends it at once. How it ended does not matter: the agent spoke."""
    identifier = instruction_id(call.token)
    with call.tools.store.read() as tx:
        asked = instructions.find(tx, call.job.account, identifier)
    if asked is not None:
        return Waiting({}, LOOK_AGAIN) if asked.exit is None else Done({"seen": asked.ended})
    with call.tools.store.write() as tx:
        owner = (call.job.account, call.job.service, call.node)
        instructions.add(tx, *owner, id=identifier, method="run", arguments={"script": ":"})
    return Waiting({}, LOOK_AGAIN)


def ready(call: Call) -> Outcome:
    """Nothing to do: the name for "everything in this node is done", which other nodes' steps need."""
    return Done({})
