"""A volume that is a block device in its machine, at the place in the node that the manifest says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from broker.agent import mounting
from broker.execute.outcomes import Failed, Outcome
from broker.verbs.instruct import instructed, tell
from broker.verbs.job import Call
from providers import devices

REPEATED = "install"
"""The agent's method for it: a script that says what should be, which the agent carries out again where the machine
died under it."""


def mount(call: Call) -> Outcome:
    """Tell the node. What its volume is seen as was known when the machine was up."""
    names = devices.names(str(call.inputs["devices"] or ""), str(call.inputs["volume"]))
    if not names:
        return Failed(_unseen(call), retryable=False)
    return tell(call, REPEATED, {"script": mounting.script(names, str(call.inputs["mountpoint"]))})


def mounted(call: Call) -> Outcome:
    """Look whether it is; the failure says what the node said."""
    outcome = instructed(call)
    if isinstance(outcome, Failed) and "exit" in outcome.error:
        return replace(outcome, error=_refused(call, outcome.error))
    return outcome


def _refused(call: Call, error: Mapping[str, object]) -> dict[str, object]:
    """The node's own words name the device and the reason."""
    said = " ".join(str(error["output"]).split())
    message = f"{call.node} has not mounted volume {call.inputs['volume']}: {said}"
    hint = "mend what it says at the volume or in the node, then retry the step; or release the service"
    return {**error, "code": "step.mount", "message": message, "hint": hint}


def _unseen(call: Call) -> dict[str, object]:
    what = f"volume {call.inputs['volume']} of {call.node}, to be at {call.inputs['mountpoint']}"
    return {
        "code": "step.device",
        "message": f"the provider does not say as which device its machine has {what}: {call.inputs['devices']}",
        "hint": "look at the provider whether the volume is attached, then release the service, or repair it",
    }
