"""A volume that is a block device in its machine, at the place in the node that the manifest says."""

from __future__ import annotations

from broker.agent import mounting
from broker.execute.outcomes import Failed, Outcome
from broker.verbs.instruct import tell
from broker.verbs.job import Call
from providers import devices

REPEATED = "install"
"""The agent's method for it: a script that says what should be, which the agent carries out again where the machine
died under it."""


def mount(call: Call) -> Outcome:
    """Tell the node. What its volume is seen as was known when the machine was up."""
    volume, at = str(call.inputs["volume"]), str(call.inputs["mountpoint"])
    names = devices.names(str(call.inputs["devices"] or ""), volume)
    if not names:
        return Failed(_unseen(call, volume, at), retryable=False)
    return tell(call, REPEATED, {"script": mounting.script(names, at)})


def _unseen(call: Call, volume: str, at: str) -> dict[str, object]:
    told = call.inputs["devices"] or "none"
    return {
        "code": "step.device",
        "message": f"the provider does not say as which device {call.node} has volume {volume} ({at}): {told}",
        "hint": "look at the provider whether the volume is attached, then release the service, or repair it",
    }
