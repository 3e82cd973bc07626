"""The sites where the matrix is tried, by name. Not a test."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

from tests.faults.at_azure import azure
from tests.faults.at_ec2 import at
from tests.faults.at_fake import fake
from tests.faults.at_opennebula import opennebula
from tests.faults.site import Site

OURS: Mapping[str, Callable[[Path], AbstractContextManager[Site]]] = {
    "fake": fake,
    "azure": azure,
    "opennebula": opennebula,
}
"""Started in this process, in no time."""
OTHERS: Mapping[str, Callable[[Path], AbstractContextManager[Site]]] = {
    "moto": partial(at, "moto"),
    "ministack": partial(at, "ministack"),
}
SITES = {**OURS, **OTHERS}
