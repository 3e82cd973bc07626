"""Secrets that came with a service: nothing is made, they are there since the service is."""

from __future__ import annotations

from broker.execute.outcomes import Done, Outcome
from broker.store import secrets
from broker.verbs.job import Call


def given(call: Call) -> Outcome:
    """The reference of the value that was given for an input; Missing when there is none (and the step fails)."""
    reference = secrets.PREFIX + secrets.of_input(call.job.service, str(call.inputs["name"]))
    with call.tools.store.read() as tx:
        secrets.reveal(tx, call.job.account, call.job.service, reference)
    return Done({"value": reference})
