"""A volume that outlived its service, in a new one: found where it is, and left there."""

from __future__ import annotations

from broker.execute.outcomes import Done, Outcome
from broker.verbs import projections
from broker.verbs.job import Call
from broker.verbs.make import made
from providers.protocol import Kind


def adopt(call: Call) -> Outcome:
    """Done with the fields of the volume as it is at its provider."""
    return made(call, call.provider.observe(Kind.VOLUME, str(call.inputs["id"]), deadline=call.deadline))


def hand_back(call: Call) -> Outcome:
    """The service shows it no longer. It stays: it was kept before, and is until somebody removes it."""
    return Done({}, projections=projections.gone(call.job, Kind.VOLUME, str(call.inputs["token_step"])))
