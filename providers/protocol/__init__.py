"""The promise every cloud driver keeps. A driver observes, the walk decides.

Each method is one call, ends before `deadline` (seconds from now), never waits for a state, never retries, and raises
only `providers.errors`. Every promise in these docstrings is a test in `tests/providers/` that runs on every driver.

The words are in `words`, what is asked for in `specs`, what is answered in `answers`, the calls in `promise`.
"""

from __future__ import annotations

from providers.protocol.answers import OfferedImage, OfferedSize, Offering, Outcome, Problem, Resource
from providers.protocol.promise import Provider
from providers.protocol.specs import (
    KINDS,
    AddressSpec,
    ApplicationSpec,
    Attachment,
    FirewallSpec,
    Instruction,
    KeySpec,
    MachineSpec,
    NetworkSpec,
    Rule,
    SnapshotSpec,
    Spec,
    VolumeSpec,
)
from providers.protocol.words import EVERY, USUAL, Ability, Action, Kind, State

__all__ = [
    "EVERY",
    "KINDS",
    "USUAL",
    "Ability",
    "Action",
    "AddressSpec",
    "ApplicationSpec",
    "Attachment",
    "FirewallSpec",
    "Instruction",
    "KeySpec",
    "Kind",
    "MachineSpec",
    "NetworkSpec",
    "OfferedImage",
    "OfferedSize",
    "Offering",
    "Outcome",
    "Problem",
    "Provider",
    "Resource",
    "Rule",
    "SnapshotSpec",
    "Spec",
    "State",
    "VolumeSpec",
]
